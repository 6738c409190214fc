export interface Shop {
  sales: { sale_id: 'bigint'; updated_at: 'timestamp'; payload: 'json'; AMT: 'decimal' }
  stores: { store_id: 'integer' }
}
