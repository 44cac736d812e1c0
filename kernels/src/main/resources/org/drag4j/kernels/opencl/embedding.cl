// Rows of a table [V, columns] picked by ids.
kernel void embedding_gather(
    global const int *ids, long ids_at, int ids_type, global const void *table, int table_type,
    global void *y, long y_at, int y_type, int columns, int each) {
  int from = (int)get_global_id(0) * each;
  int end = min(columns, from + each);
  long i = get_global_id(1);
  long row = (long)ids[ids_at + i] * columns;
  for (int c = from; c < end; c += W) {
    int n = min(W, end - c);
    store_some(load_some(table, row + c, n, table_type, 0), y, y_at + i * columns + c, n, y_type);
  }
}
