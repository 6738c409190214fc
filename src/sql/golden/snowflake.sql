CREATE SCHEMA IF NOT EXISTS target;
-- []

CREATE TABLE IF NOT EXISTS target.fact_sales (sale_id NUMBER(19,0), amount NUMBER(12,2), sold_at TIMESTAMP_NTZ(6), "order" VARCHAR, twice NUMBER(12,2));
-- []

ALTER TABLE target.fact_sales ADD COLUMN IF NOT EXISTS added DATE;
-- []

INSERT INTO audit._fence (target, script, token, store_id, run_id) SELECT CAST(:1 AS VARCHAR), CAST(:2 AS VARCHAR), CAST(:3 AS NUMBER(19,0)), CAST(:4 AS VARCHAR), CAST(:5 AS VARCHAR) WHERE NOT EXISTS (SELECT 1 FROM audit._fence WHERE target = CAST(:6 AS VARCHAR) AND script = CAST(:7 AS VARCHAR));
-- ["target.fact_sales","","0","","","target.fact_sales",""]

INSERT INTO audit._fence (target, script, token, store_id, run_id) SELECT CAST(:1 AS VARCHAR), CAST(:2 AS VARCHAR), CAST(:3 AS NUMBER(19,0)), CAST(:4 AS VARCHAR), CAST(:5 AS VARCHAR) WHERE NOT EXISTS (SELECT 1 FROM audit._fence WHERE target = CAST(:6 AS VARCHAR) AND script = CAST(:7 AS VARCHAR));
-- ["target.fact_sales","load/sales","0","","","target.fact_sales","load/sales"]

UPDATE audit._fence SET run_id = CAST(:1 AS VARCHAR) WHERE target = CAST(:2 AS VARCHAR) AND script = '';
-- ["run-1","target.fact_sales"]

SELECT max(token) AS token FROM (SELECT token FROM audit._fence WHERE target = CAST(:1 AS VARCHAR) AND script = CAST(:2 AS VARCHAR) UNION ALL SELECT token FROM audit.ledger WHERE target = CAST(:3 AS VARCHAR) AND script = CAST(:4 AS VARCHAR)) AS tokens;
-- ["target.fact_sales","load/sales","target.fact_sales","load/sales"]

SELECT store_id FROM (SELECT store_id FROM audit._fence WHERE target = CAST(:1 AS VARCHAR) AND store_id NOT IN ('', CAST(:2 AS VARCHAR)) UNION ALL SELECT store_id FROM audit.ledger WHERE target = CAST(:3 AS VARCHAR) AND store_id NOT IN ('', CAST(:4 AS VARCHAR))) AS stores LIMIT 1;
-- ["target.fact_sales","store-1","target.fact_sales","store-1"]

UPDATE audit._fence SET token = CAST(:1 AS NUMBER(19,0)), run_id = CAST(:2 AS VARCHAR), store_id = CAST(:3 AS VARCHAR) WHERE target = CAST(:4 AS VARCHAR) AND script = CAST(:5 AS VARCHAR);
-- ["7","run-1","store-1","target.fact_sales","load/sales"]

DELETE FROM landing.sales WHERE _batch_id = CAST(:1 AS DATE);
-- ["2026-11-22"]

DELETE FROM audit.rejects WHERE target = CAST(:1 AS VARCHAR) AND script = CAST(:2 AS VARCHAR) AND batch = CAST(:3 AS DATE);
-- ["target.fact_sales","load/sales","2026-11-22"]

INSERT INTO audit.rejects (target, script, batch, run_id, refused_by, code, column_name, value, raw, partition_name, row_number, line_number) SELECT CAST(:2 AS VARCHAR), CAST(:3 AS VARCHAR), CAST(:4 AS DATE), CAST(:5 AS VARCHAR), CAST(:6 AS VARCHAR), code, column_name, value, raw, partition_name, row_number, line_number FROM (SELECT code AS code, "column" AS column_name, value AS value, raw AS raw, partition AS partition_name, "row" AS row_number, line AS line_number FROM landing.sales__refused WHERE _batch_id = CAST(:1 AS DATE)) AS refused;
-- ["2026-11-22","target.fact_sales","load/sales","2026-11-22","run-1","extract"]

INSERT INTO landing.sales__typed (sale_id, amount, sold_at, "order", store_key__store_id, _batch_id, _run_id, _part, _row, twice) SELECT sale_id, amount, sold_at, "order", store_key__store_id, _batch_id, _run_id, _part, _row, CAST((amount * 2) AS NUMBER(12,2)) FROM (SELECT CASE WHEN REGEXP_LIKE("ID", '[+-]?[0-9]+', 's') THEN CASE WHEN REGEXP_LIKE("ID", '[+-]?0*[0-9]{0,20}', 's') THEN CASE WHEN (CAST("ID" AS NUMBER(38,0)) BETWEEN -9223372036854775808 AND 9223372036854775807) THEN CAST("ID" AS NUMBER(19,0)) END END END AS sale_id, coalesce(CASE WHEN REGEXP_LIKE("AMT", '[+-]?([0-9]+([.][0-9]{0,2}0*)?|[.][0-9]{1,2}0*)', 's') THEN CASE WHEN REGEXP_LIKE("AMT", '[+-]?0*[0-9]{0,10}([.][0-9]{0,2}0*)?', 's') THEN CAST("AMT" AS NUMBER(12,2)) END END, CAST(CAST(:1 AS VARCHAR) AS NUMBER(12,2))) AS amount, CASE WHEN REGEXP_LIKE(sold_at, '([0-9]{4}-(0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|[0-9]{4}-(0[469]|11)-(0[1-9]|[12][0-9]|30)|[0-9]{4}-02-(0[1-9]|1[0-9]|2[0-8])|([0-9]{2}(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)-02-29)[ T]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,6}0*)?', 's') THEN CASE WHEN (substr(sold_at, 1, 4) <> '0000') THEN CAST(sold_at AS TIMESTAMP_NTZ(6)) END END AS sold_at, SHA2("order", 256) AS "order", CASE WHEN REGEXP_LIKE(store, '[+-]?[0-9]+', 's') THEN CASE WHEN REGEXP_LIKE(store, '[+-]?0*[0-9]{0,20}', 's') THEN CASE WHEN (CAST(store AS NUMBER(38,0)) BETWEEN -2147483648 AND 2147483647) THEN CAST(store AS NUMBER(10,0)) END END END AS store_key__store_id, _batch_id, CAST(:2 AS VARCHAR) AS _run_id, _part, _row FROM landing.sales WHERE _batch_id = CAST(:3 AS DATE) AND (CASE WHEN "ID" IS NULL THEN NULL WHEN NOT REGEXP_LIKE("ID", '[+-]?[0-9]+', 's') THEN 'CAST' WHEN NOT REGEXP_LIKE("ID", '[+-]?0*[0-9]{0,20}', 's') THEN 'OUT_OF_RANGE' WHEN NOT (CAST("ID" AS NUMBER(38,0)) BETWEEN -9223372036854775808 AND 9223372036854775807) THEN 'OUT_OF_RANGE' END) IS NULL AND (CASE WHEN "AMT" IS NULL THEN NULL WHEN NOT REGEXP_LIKE("AMT", '[+-]?([0-9]+([.][0-9]{0,2}0*)?|[.][0-9]{1,2}0*)', 's') THEN 'CAST' WHEN NOT REGEXP_LIKE("AMT", '[+-]?0*[0-9]{0,10}([.][0-9]{0,2}0*)?', 's') THEN 'OUT_OF_RANGE' END) IS NULL AND (CASE WHEN sold_at IS NULL THEN NULL WHEN NOT REGEXP_LIKE(sold_at, '([0-9]{4}-(0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|[0-9]{4}-(0[469]|11)-(0[1-9]|[12][0-9]|30)|[0-9]{4}-02-(0[1-9]|1[0-9]|2[0-8])|([0-9]{2}(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)-02-29)[ T]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,6}0*)?', 's') THEN 'CAST' WHEN NOT (substr(sold_at, 1, 4) <> '0000') THEN 'OUT_OF_RANGE' END) IS NULL AND (CASE WHEN store IS NULL THEN NULL WHEN NOT REGEXP_LIKE(store, '[+-]?[0-9]+', 's') THEN 'CAST' WHEN NOT REGEXP_LIKE(store, '[+-]?0*[0-9]{0,20}', 's') THEN 'OUT_OF_RANGE' WHEN NOT (CAST(store AS NUMBER(38,0)) BETWEEN -2147483648 AND 2147483647) THEN 'OUT_OF_RANGE' END) IS NULL) AS typed;
-- ["0","run-1","2026-11-22"]

SELECT count(*) AS "rows" FROM landing.sales__typed WHERE _batch_id = CAST(:1 AS DATE);
-- ["2026-11-22"]

INSERT INTO audit.rejects (target, script, batch, run_id, refused_by, code, column_name, value, part, row_number) SELECT CAST(:3 AS VARCHAR), CAST(:4 AS VARCHAR), CAST(:5 AS DATE), CAST(:6 AS VARCHAR), CAST(:7 AS VARCHAR), code, column_name, value, part, row_number FROM (SELECT (CASE WHEN "ID" IS NULL THEN NULL WHEN NOT REGEXP_LIKE("ID", '[+-]?[0-9]+', 's') THEN 'CAST' WHEN NOT REGEXP_LIKE("ID", '[+-]?0*[0-9]{0,20}', 's') THEN 'OUT_OF_RANGE' WHEN NOT (CAST("ID" AS NUMBER(38,0)) BETWEEN -9223372036854775808 AND 9223372036854775807) THEN 'OUT_OF_RANGE' END) AS code, CAST(:1 AS VARCHAR) AS column_name, substr("ID", 1, 1000) AS value, _part AS part, _row AS row_number FROM landing.sales WHERE _batch_id = CAST(:2 AS DATE) AND (CASE WHEN "ID" IS NULL THEN NULL WHEN NOT REGEXP_LIKE("ID", '[+-]?[0-9]+', 's') THEN 'CAST' WHEN NOT REGEXP_LIKE("ID", '[+-]?0*[0-9]{0,20}', 's') THEN 'OUT_OF_RANGE' WHEN NOT (CAST("ID" AS NUMBER(38,0)) BETWEEN -9223372036854775808 AND 9223372036854775807) THEN 'OUT_OF_RANGE' END) IS NOT NULL) AS refused;
-- ["sale_id","2026-11-22","target.fact_sales","load/sales","2026-11-22","run-1","cast"]

INSERT INTO audit.rejects (target, script, batch, run_id, refused_by, code, column_name, value, part, row_number) SELECT CAST(:3 AS VARCHAR), CAST(:4 AS VARCHAR), CAST(:5 AS DATE), CAST(:6 AS VARCHAR), CAST(:7 AS VARCHAR), code, column_name, value, part, row_number FROM (SELECT (CASE WHEN "AMT" IS NULL THEN NULL WHEN NOT REGEXP_LIKE("AMT", '[+-]?([0-9]+([.][0-9]{0,2}0*)?|[.][0-9]{1,2}0*)', 's') THEN 'CAST' WHEN NOT REGEXP_LIKE("AMT", '[+-]?0*[0-9]{0,10}([.][0-9]{0,2}0*)?', 's') THEN 'OUT_OF_RANGE' END) AS code, CAST(:1 AS VARCHAR) AS column_name, substr("AMT", 1, 1000) AS value, _part AS part, _row AS row_number FROM landing.sales WHERE _batch_id = CAST(:2 AS DATE) AND (CASE WHEN "AMT" IS NULL THEN NULL WHEN NOT REGEXP_LIKE("AMT", '[+-]?([0-9]+([.][0-9]{0,2}0*)?|[.][0-9]{1,2}0*)', 's') THEN 'CAST' WHEN NOT REGEXP_LIKE("AMT", '[+-]?0*[0-9]{0,10}([.][0-9]{0,2}0*)?', 's') THEN 'OUT_OF_RANGE' END) IS NOT NULL) AS refused;
-- ["amount","2026-11-22","target.fact_sales","load/sales","2026-11-22","run-1","cast"]

INSERT INTO audit.rejects (target, script, batch, run_id, refused_by, code, column_name, value, part, row_number) SELECT CAST(:3 AS VARCHAR), CAST(:4 AS VARCHAR), CAST(:5 AS DATE), CAST(:6 AS VARCHAR), CAST(:7 AS VARCHAR), code, column_name, value, part, row_number FROM (SELECT (CASE WHEN sold_at IS NULL THEN NULL WHEN NOT REGEXP_LIKE(sold_at, '([0-9]{4}-(0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|[0-9]{4}-(0[469]|11)-(0[1-9]|[12][0-9]|30)|[0-9]{4}-02-(0[1-9]|1[0-9]|2[0-8])|([0-9]{2}(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)-02-29)[ T]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,6}0*)?', 's') THEN 'CAST' WHEN NOT (substr(sold_at, 1, 4) <> '0000') THEN 'OUT_OF_RANGE' END) AS code, CAST(:1 AS VARCHAR) AS column_name, substr(sold_at, 1, 1000) AS value, _part AS part, _row AS row_number FROM landing.sales WHERE _batch_id = CAST(:2 AS DATE) AND (CASE WHEN sold_at IS NULL THEN NULL WHEN NOT REGEXP_LIKE(sold_at, '([0-9]{4}-(0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|[0-9]{4}-(0[469]|11)-(0[1-9]|[12][0-9]|30)|[0-9]{4}-02-(0[1-9]|1[0-9]|2[0-8])|([0-9]{2}(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)-02-29)[ T]([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,6}0*)?', 's') THEN 'CAST' WHEN NOT (substr(sold_at, 1, 4) <> '0000') THEN 'OUT_OF_RANGE' END) IS NOT NULL) AS refused;
-- ["sold_at","2026-11-22","target.fact_sales","load/sales","2026-11-22","run-1","cast"]

INSERT INTO audit.rejects (target, script, batch, run_id, refused_by, code, column_name, value, part, row_number) SELECT CAST(:3 AS VARCHAR), CAST(:4 AS VARCHAR), CAST(:5 AS DATE), CAST(:6 AS VARCHAR), CAST(:7 AS VARCHAR), code, column_name, value, part, row_number FROM (SELECT (CASE WHEN store IS NULL THEN NULL WHEN NOT REGEXP_LIKE(store, '[+-]?[0-9]+', 's') THEN 'CAST' WHEN NOT REGEXP_LIKE(store, '[+-]?0*[0-9]{0,20}', 's') THEN 'OUT_OF_RANGE' WHEN NOT (CAST(store AS NUMBER(38,0)) BETWEEN -2147483648 AND 2147483647) THEN 'OUT_OF_RANGE' END) AS code, CAST(:1 AS VARCHAR) AS column_name, substr(store, 1, 1000) AS value, _part AS part, _row AS row_number FROM landing.sales WHERE _batch_id = CAST(:2 AS DATE) AND (CASE WHEN store IS NULL THEN NULL WHEN NOT REGEXP_LIKE(store, '[+-]?[0-9]+', 's') THEN 'CAST' WHEN NOT REGEXP_LIKE(store, '[+-]?0*[0-9]{0,20}', 's') THEN 'OUT_OF_RANGE' WHEN NOT (CAST(store AS NUMBER(38,0)) BETWEEN -2147483648 AND 2147483647) THEN 'OUT_OF_RANGE' END) IS NOT NULL) AS refused;
-- ["store_key","2026-11-22","target.fact_sales","load/sales","2026-11-22","run-1","cast"]

SELECT count(*) AS "rows" FROM (SELECT DISTINCT part, row_number FROM audit.rejects WHERE target = CAST(:1 AS VARCHAR) AND script = CAST(:2 AS VARCHAR) AND batch = CAST(:3 AS DATE) AND run_id = CAST(:4 AS VARCHAR) AND refused_by = CAST(:5 AS VARCHAR)) AS refused;
-- ["target.fact_sales","load/sales","2026-11-22","run-1","cast"]

INSERT INTO audit.rejects (target, script, batch, run_id, refused_by, code, column_name, value, part, row_number) SELECT CAST(:3 AS VARCHAR), CAST(:4 AS VARCHAR), CAST(:5 AS DATE), CAST(:6 AS VARCHAR), CAST(:7 AS VARCHAR), code, column_name, value, part, row_number FROM (SELECT 'NULL_KEY' AS code, CAST(:1 AS VARCHAR) AS column_name, CAST(NULL AS VARCHAR) AS value, _part AS part, _row AS row_number FROM landing.sales__typed WHERE _run_id = CAST(:2 AS VARCHAR) AND sale_id IS NULL) AS refused;
-- ["sale_id","run-1","target.fact_sales","load/sales","2026-11-22","run-1","dedup"]

INSERT INTO audit.rejects (target, script, batch, run_id, refused_by, code, column_name, value, part, row_number) SELECT CAST(:3 AS VARCHAR), CAST(:4 AS VARCHAR), CAST(:5 AS DATE), CAST(:6 AS VARCHAR), CAST(:7 AS VARCHAR), code, column_name, value, part, row_number FROM (WITH staged AS (SELECT sale_id, amount, sold_at, "order", twice, store_key__store_id, _part, _row FROM landing.sales__typed WHERE _run_id = CAST(:1 AS VARCHAR) AND sale_id IS NOT NULL), ties AS (SELECT sale_id, sold_at FROM (SELECT DISTINCT sale_id, amount, sold_at, "order", twice, store_key__store_id FROM staged) AS contents GROUP BY sale_id, sold_at HAVING count(*) > 1) SELECT 'DUP_CONFLICT' AS code, CAST(:2 AS VARCHAR) AS column_name, substr(TO_VARCHAR(staged.sale_id), 1, 1000) AS value, staged._part AS part, staged._row AS row_number FROM staged JOIN ties ON staged.sale_id = ties.sale_id AND staged.sold_at = ties.sold_at) AS refused;
-- ["run-1","sale_id","target.fact_sales","load/sales","2026-11-22","run-1","dedup"]

INSERT INTO audit.rejects (target, script, batch, run_id, refused_by, code, column_name, value, part, row_number) SELECT CAST(:5 AS VARCHAR), CAST(:6 AS VARCHAR), CAST(:7 AS DATE), CAST(:8 AS VARCHAR), CAST(:9 AS VARCHAR), code, column_name, value, part, row_number FROM (WITH staged AS (SELECT CASE _part WHEN CAST(:1 AS NUMBER(19,0)) THEN CAST(:2 AS NUMBER(19,0)) END AS _sluice_file, sale_id, amount, sold_at, "order", twice, store_key__store_id, _part, _row FROM landing.sales__typed WHERE _run_id = CAST(:3 AS VARCHAR) AND sale_id IS NOT NULL), ties AS (SELECT sale_id, _sluice_file FROM (SELECT DISTINCT _sluice_file, sale_id, amount, sold_at, "order", twice, store_key__store_id FROM staged) AS contents GROUP BY sale_id, _sluice_file HAVING count(*) > 1) SELECT 'DUP_CONFLICT' AS code, CAST(:4 AS VARCHAR) AS column_name, substr(TO_VARCHAR(staged.sale_id), 1, 1000) AS value, staged._part AS part, staged._row AS row_number FROM staged JOIN ties ON staged.sale_id = ties.sale_id AND staged._sluice_file = ties._sluice_file) AS refused;
-- ["1","0","run-1","sale_id","target.fact_sales","load/sales","2026-11-22","run-1","dedup"]

DELETE FROM landing.sales__typed WHERE _run_id = CAST(:4 AS VARCHAR) AND (_part, _row) IN (SELECT part, row_number FROM audit.rejects WHERE target = CAST(:1 AS VARCHAR) AND script = CAST(:2 AS VARCHAR) AND run_id = CAST(:3 AS VARCHAR) AND refused_by = 'dedup');
-- ["target.fact_sales","load/sales","run-1","run-1"]

SELECT count(*) AS "rows" FROM (SELECT _part, _row FROM (SELECT _part, _row, row_number() OVER (PARTITION BY sale_id ORDER BY sold_at DESC, _part DESC, _row DESC) AS _sluice_rank FROM landing.sales__typed WHERE _run_id = CAST(:1 AS VARCHAR)) AS ranked WHERE _sluice_rank > 1) AS outdone;
-- ["run-1"]

DELETE FROM landing.sales__typed WHERE _run_id = CAST(:2 AS VARCHAR) AND (_part, _row) IN (SELECT _part, _row FROM (SELECT _part, _row, row_number() OVER (PARTITION BY sale_id ORDER BY sold_at DESC, _part DESC, _row DESC) AS _sluice_rank FROM landing.sales__typed WHERE _run_id = CAST(:1 AS VARCHAR)) AS ranked WHERE _sluice_rank > 1);
-- ["run-1","run-1"]

SELECT count(*) AS "rows" FROM (SELECT DISTINCT s.store_key__store_id FROM landing.sales__typed AS s WHERE s._run_id = CAST(:1 AS VARCHAR) AND s.store_key__store_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM target.store AS d WHERE d.store_id = s.store_key__store_id)) AS unknown_keys;
-- ["run-1"]

INSERT INTO target.store (store_key, store_id, _stub, _batch_id, _script, _run_id, _loaded_at) SELECT CAST(:5 AS NUMBER(19,0)) + row_number() OVER (ORDER BY store_key__store_id), store_key__store_id, TRUE, CAST(:1 AS DATE), CAST(:2 AS VARCHAR), CAST(:3 AS VARCHAR), CAST(:4 AS TIMESTAMP_TZ(6)) FROM (SELECT DISTINCT s.store_key__store_id FROM landing.sales__typed AS s WHERE s._run_id = CAST(:6 AS VARCHAR) AND s.store_key__store_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM target.store AS d WHERE d.store_id = s.store_key__store_id)) AS unknown_keys;
-- ["2026-11-22","load/sales","run-1","2026-11-22T10:00:00.000Z","41","run-1"]

INSERT INTO audit.rejects (target, script, batch, run_id, refused_by, code, column_name, value, part, row_number) SELECT CAST(:3 AS VARCHAR), CAST(:4 AS VARCHAR), CAST(:5 AS DATE), CAST(:6 AS VARCHAR), CAST(:7 AS VARCHAR), code, column_name, value, part, row_number FROM (SELECT 'UNKNOWN_KEY' AS code, CAST(:1 AS VARCHAR) AS column_name, substr(TO_VARCHAR(s.store_key__store_id), 1, 1000) AS value, s._part AS part, s._row AS row_number FROM landing.sales__typed AS s WHERE s._run_id = CAST(:2 AS VARCHAR) AND s.store_key__store_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM target.store AS d WHERE d.store_id = s.store_key__store_id)) AS refused;
-- ["store_key","run-1","target.fact_sales","load/sales","2026-11-22","run-1","publish"]

DELETE FROM landing.sales__typed WHERE _run_id = CAST(:4 AS VARCHAR) AND (_part, _row) IN (SELECT part, row_number FROM audit.rejects WHERE target = CAST(:1 AS VARCHAR) AND script = CAST(:2 AS VARCHAR) AND run_id = CAST(:3 AS VARCHAR) AND refused_by = 'publish');
-- ["target.fact_sales","load/sales","run-1","run-1"]

UPDATE landing.sales__typed AS s SET store_key = d.store_key FROM target.store AS d WHERE s._run_id = CAST(:1 AS VARCHAR) AND d.store_id = s.store_key__store_id;
-- ["run-1"]

SELECT count(*) AS "rows" FROM landing.sales__typed AS s WHERE s._run_id = CAST(:1 AS VARCHAR) AND s.store_key__store_id IS NOT NULL;
-- ["run-1"]

SELECT count(*) AS "rows" FROM landing.sales__typed AS s JOIN target.store AS d ON d.store_id = s.store_key__store_id WHERE s._run_id = CAST(:1 AS VARCHAR) AND d.store_key IS NOT NULL;
-- ["run-1"]

SELECT count(*) AS "rows" FROM landing.sales__typed WHERE _run_id = CAST(:1 AS VARCHAR) AND amount IS NULL;
-- ["run-1"]

SELECT count(*) AS "rows" FROM landing.sales__typed WHERE _run_id = CAST(:1 AS VARCHAR) AND NOT coalesce(amount BETWEEN CAST(CAST(:2 AS VARCHAR) AS NUMBER(12,2)) AND CAST(CAST(:3 AS VARCHAR) AS NUMBER(12,2)), TRUE);
-- ["run-1","0","100.50"]

SELECT count(*) AS "rows" FROM landing.sales__typed WHERE _run_id = CAST(:1 AS VARCHAR) AND NOT coalesce("order" IN (CAST(CAST(:2 AS VARCHAR) AS VARCHAR), CAST(CAST(:3 AS VARCHAR) AS VARCHAR)), TRUE);
-- ["run-1","a","b's"]

SELECT count(*) AS "rows" FROM landing.sales__typed WHERE _run_id = CAST(:1 AS VARCHAR) AND NOT coalesce(REGEXP_LIKE("order", '[a-z]{2}', 's'), TRUE);
-- ["run-1"]

SELECT count(*) AS "rows" FROM landing.sales__typed WHERE _run_id = CAST(:1 AS VARCHAR) AND NOT coalesce((amount < 10), TRUE);
-- ["run-1"]

INSERT INTO audit._marks (target, mark) SELECT CAST(:1 AS VARCHAR), (SELECT coalesce(max(sale_key), CAST(:2 AS NUMBER(19,0))) FROM target.fact_sales) WHERE NOT EXISTS (SELECT 1 FROM audit._marks WHERE target = CAST(:3 AS VARCHAR));
-- ["target.fact_sales","0","target.fact_sales"]

SELECT mark FROM audit._marks WHERE target = CAST(:1 AS VARCHAR);
-- ["target.fact_sales"]

UPDATE target.fact_sales AS t SET sale_key = s._sluice_given FROM (SELECT sale_id, CAST(:1 AS NUMBER(19,0)) + row_number() OVER (ORDER BY sale_id) AS _sluice_given FROM target.fact_sales WHERE sale_key IS NULL AND sale_id IS NOT NULL) AS s WHERE t.sale_key IS NULL AND t.sale_id = s.sale_id;
-- ["41"]

UPDATE landing.sales__typed AS s SET sale_key = t.sale_key FROM target.fact_sales AS t WHERE s._run_id = CAST(:1 AS VARCHAR) AND t.sale_id = s.sale_id;
-- ["run-1"]

UPDATE landing.sales__typed AS s SET sale_key = n.given FROM (SELECT _part, _row, CAST(:1 AS NUMBER(19,0)) + row_number() OVER (ORDER BY _part, _row) AS given FROM landing.sales__typed WHERE _run_id = CAST(:2 AS VARCHAR) AND sale_key IS NULL) AS n WHERE s._run_id = CAST(:3 AS VARCHAR) AND s._part = n._part AND s._row = n._row;
-- ["41","run-1","run-1"]

UPDATE audit._marks SET mark = mark + CAST(:1 AS NUMBER(19,0)) WHERE target = CAST(:2 AS VARCHAR);
-- ["3","target.fact_sales"]

SELECT count(*) AS "rows" FROM (SELECT sale_key, sale_id, amount, sold_at, "order", twice, store_key FROM landing.sales__typed WHERE _run_id = CAST(:1 AS VARCHAR)) AS s;
-- ["run-1"]

SELECT count(*) AS "rows" FROM (SELECT sale_key, sale_id, amount, sold_at, "order", twice, store_key FROM landing.sales__typed WHERE _run_id = CAST(:1 AS VARCHAR)) AS s JOIN target.fact_sales AS t ON t.sale_id = s.sale_id WHERE (NOT coalesce(t._stub, FALSE) AND t.sold_at IS NOT NULL AND s.sold_at < t.sold_at);
-- ["run-1"]

SELECT count(*) AS "rows" FROM (SELECT sale_key, sale_id, amount, sold_at, "order", twice, store_key FROM landing.sales__typed WHERE _run_id = CAST(:1 AS VARCHAR)) AS s JOIN target.fact_sales AS t ON t.sale_id = s.sale_id WHERE NOT ((NOT coalesce(t._stub, FALSE) AND t.sold_at IS NOT NULL AND s.sold_at < t.sold_at)) AND NOT (coalesce(t._stub, FALSE) OR t.sale_id IS DISTINCT FROM s.sale_id OR t.amount IS DISTINCT FROM s.amount OR t.sold_at IS DISTINCT FROM s.sold_at OR t."order" IS DISTINCT FROM s."order" OR t.twice IS DISTINCT FROM s.twice OR t.store_key IS DISTINCT FROM s.store_key);
-- ["run-1"]

UPDATE target.fact_sales AS t SET amount = s.amount, sold_at = s.sold_at, "order" = s."order", twice = s.twice, store_key = s.store_key, _stub = FALSE, _batch_id = CAST(:1 AS DATE), _script = CAST(:2 AS VARCHAR), _run_id = CAST(:3 AS VARCHAR), _loaded_at = CAST(:4 AS TIMESTAMP_TZ(6)) FROM (SELECT sale_key, sale_id, amount, sold_at, "order", twice, store_key FROM landing.sales__typed WHERE _run_id = CAST(:5 AS VARCHAR)) AS s WHERE t.sale_id = s.sale_id AND NOT ((NOT coalesce(t._stub, FALSE) AND t.sold_at IS NOT NULL AND s.sold_at < t.sold_at)) AND (coalesce(t._stub, FALSE) OR t.sale_id IS DISTINCT FROM s.sale_id OR t.amount IS DISTINCT FROM s.amount OR t.sold_at IS DISTINCT FROM s.sold_at OR t."order" IS DISTINCT FROM s."order" OR t.twice IS DISTINCT FROM s.twice OR t.store_key IS DISTINCT FROM s.store_key);
-- ["2026-11-22","load/sales","run-1","2026-11-22T10:00:00.000Z","run-1"]

INSERT INTO target.fact_sales (sale_key, sale_id, amount, sold_at, "order", twice, store_key, _stub, _batch_id, _script, _run_id, _loaded_at) SELECT s.sale_key, s.sale_id, s.amount, s.sold_at, s."order", s.twice, s.store_key, FALSE, CAST(:1 AS DATE), CAST(:2 AS VARCHAR), CAST(:3 AS VARCHAR), CAST(:4 AS TIMESTAMP_TZ(6)) FROM (SELECT sale_key, sale_id, amount, sold_at, "order", twice, store_key FROM landing.sales__typed WHERE _run_id = CAST(:5 AS VARCHAR)) AS s WHERE NOT EXISTS (SELECT 1 FROM target.fact_sales AS t WHERE t.sale_id = s.sale_id);
-- ["2026-11-22","load/sales","run-1","2026-11-22T10:00:00.000Z","run-1"]

SELECT count(*) AS "rows" FROM (SELECT DISTINCT sale_id FROM (SELECT sale_key, sale_id, amount, sold_at, "order", twice, store_key FROM landing.sales__typed WHERE _run_id = CAST(:1 AS VARCHAR)) AS s) AS keys_of_batch;
-- ["run-1"]

SELECT count(*) AS "rows" FROM (SELECT sale_key, sale_id, amount, sold_at, "order", twice, store_key FROM landing.sales__typed WHERE _run_id = CAST(:1 AS VARCHAR)) AS s JOIN target.fact_sales AS t ON t.sale_id = s.sale_id WHERE ((NOT coalesce(t._stub, FALSE) AND t.sold_at IS NOT NULL AND s.sold_at < t.sold_at) OR NOT (coalesce(t._stub, FALSE) OR t.sale_id IS DISTINCT FROM s.sale_id OR t.amount IS DISTINCT FROM s.amount OR t.sold_at IS DISTINCT FROM s.sold_at OR t."order" IS DISTINCT FROM s."order" OR t.twice IS DISTINCT FROM s.twice OR t.store_key IS DISTINCT FROM s.store_key));
-- ["run-1"]

DELETE FROM target.fact_sales WHERE _batch_id = CAST(:1 AS DATE) AND _script = CAST(:2 AS VARCHAR);
-- ["2026-11-22","load/sales"]

DELETE FROM target.fact_sales WHERE _batch_id = CAST(:1 AS DATE) AND _script = CAST(:2 AS VARCHAR) AND (sale_id) IN (SELECT sale_id FROM landing.sales__typed WHERE _run_id = CAST(:3 AS VARCHAR));
-- ["2026-11-22","load/sales","run-1"]

INSERT INTO target.fact_sales (sale_id, amount, sold_at, "order", twice, store_key, _batch_id, _script, _run_id, _loaded_at) SELECT s.sale_id, s.amount, s.sold_at, s."order", s.twice, s.store_key, CAST(:1 AS DATE), CAST(:2 AS VARCHAR), CAST(:3 AS VARCHAR), CAST(:4 AS TIMESTAMP_TZ(6)) FROM (SELECT sale_id, amount, sold_at, "order", twice, store_key FROM landing.sales__typed WHERE _run_id = CAST(:5 AS VARCHAR)) AS s;
-- ["2026-11-22","load/sales","run-1","2026-11-22T10:00:00.000Z","run-1"]

SELECT count(*) AS "rows" FROM target.fact_sales WHERE _run_id = CAST(:1 AS VARCHAR) AND _script = CAST(:2 AS VARCHAR);
-- ["run-1","load/sales"]

DELETE FROM target.fact_sales;
-- []

DELETE FROM target.fact_sales WHERE NOT coalesce(_stub, FALSE) OR (sale_id) IN (SELECT sale_id FROM landing.sales__typed WHERE _run_id = CAST(:1 AS VARCHAR));
-- ["run-1"]

INSERT INTO audit.ledger (target, script, batch, run_id, token, store_id, manifest_sha256, sequence, exit_code, published_at, staged, landed, typed, refused_by_casts, duplicates, refused_by_dedup, candidates, inserted, updated, unchanged, older, kept, refused_at_publish, removed, unknown_keys, stubs, batch_keys, keys_in_target, mart_rows) VALUES (CAST(:2 AS VARCHAR), CAST(:3 AS VARCHAR), CAST(:4 AS DATE), CAST(:5 AS VARCHAR), CAST(:6 AS NUMBER(19,0)), CAST(:7 AS VARCHAR), CAST(:8 AS VARCHAR), CAST(:9 AS NUMBER(19,0)), CAST(:10 AS NUMBER(19,0)), CAST(:11 AS TIMESTAMP_TZ(6)), NULL, NULL, NULL, NULL, NULL, NULL, NULL, CAST(:1 AS NUMBER(19,0)), NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
-- ["3","target.fact_sales","load/sales","2026-11-22","run-1","7","store-1","abc","0","0","2026-11-22T10:00:00.000Z"]

SELECT run_id, exit_code, staged, landed, typed, refused_by_casts, duplicates, refused_by_dedup, candidates, inserted, updated, unchanged, older, kept, refused_at_publish, removed, unknown_keys, stubs, batch_keys, keys_in_target, mart_rows FROM audit.ledger WHERE target = CAST(:1 AS VARCHAR) AND script = CAST(:2 AS VARCHAR) AND batch = CAST(:3 AS DATE) AND manifest_sha256 = CAST(:4 AS VARCHAR) AND sequence = CAST(:5 AS NUMBER(19,0));
-- ["target.fact_sales","load/sales","2026-11-22","abc","0"]

SELECT TO_VARCHAR(max(batch), 'YYYY-MM-DD') AS batch FROM audit.ledger WHERE target = CAST(:1 AS VARCHAR) AND script = CAST(:2 AS VARCHAR);
-- ["target.fact_sales","load/sales"]

SELECT run_id FROM audit.ledger WHERE script = CAST(:1 AS VARCHAR) ORDER BY token DESC LIMIT 1;
-- ["load/sales"]

CREATE TABLE IF NOT EXISTS mart.by_month AS SELECT * FROM (SELECT 1 AS a -- one
) AS mart LIMIT 0;
-- []

CREATE OR REPLACE VIEW mart.by_month AS SELECT * FROM (SELECT 1 AS a
) AS mart;
-- []

ALTER TABLE mart.by_month ADD COLUMN b DATE;
-- []

DELETE FROM mart.by_month;
-- []

INSERT INTO mart.by_month (a, b) SELECT a, b FROM (SELECT 1 AS a, 2 AS b
) AS mart;
-- []

SELECT CAST(measure AS VARCHAR) AS measure, CAST(expected AS VARCHAR) AS expected, measure IS NOT DISTINCT FROM expected AS equal FROM (SELECT (SELECT sum(amount) FROM mart.by_month) AS measure, (SELECT sum(amount) FROM target.fact_sales) AS expected) AS sums;
-- []

SELECT CAST(measure AS VARCHAR) AS measure, CAST(expected AS VARCHAR) AS expected, measure IS NOT DISTINCT FROM expected AS equal FROM (SELECT (SELECT sum(amount) FROM (SELECT 1 AS a
) AS mart) AS measure, (SELECT sum(amount) FROM target.fact_sales) AS expected) AS sums;
-- []

SELECT table_type AS table_type FROM information_schema.tables WHERE lower(table_schema) = lower(CAST(:1 AS VARCHAR)) AND lower(table_name) = lower(CAST(:2 AS VARCHAR));
-- ["mart","by_month"]
