-- description: Sales by category and month
-- depends: load/sales, load/product_category
SELECT coalesce(p.category, 'unknown') AS category,
       strftime(s.sold_at, '%Y-%m') AS month,
       count(*) AS lines,
       sum(s.quantity) AS quantity,
       sum(s.amount) AS amount
FROM target.fact_sales AS s
LEFT JOIN target.product_category AS p ON p.asin = s.asin
GROUP BY ALL
