/** The tables of the shop database: names and types, so that the compiler knows them. */
export interface Shop {
  sales: {
    sale_id: 'bigint'
    sold_at: 'timestamp'
    updated_at: 'timestamp'
    store_id: 'bigint?'
    asin: 'text'
    quantity: 'bigint'
    AMT: 'decimal'
    note: 'text?'
  }
}
