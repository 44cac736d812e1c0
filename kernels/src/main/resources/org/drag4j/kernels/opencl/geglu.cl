// The first half of each row of x [rows, 2 columns] times the GELU of its second half. A work-item
// does `each` columns of `some` rows.
kernel void geglu_row(
    global const void *x, long x_at, int x_type, global void *y, long y_at, int y_type, long rows,
    int columns, int each, int some) {
  int from = (int)get_global_id(0) * each;
  int end = min(columns, from + each);
  long first = (long)get_global_id(1) * some;
  long last = min(rows, first + some);
  for (long r = first; r < last; r++) {
    long row = x_at + 2 * r * columns;
    for (int c = from; c < end; c += W) {
      int n = min(W, end - c);
      V a = load_some(x, row + c, n, x_type, 0);
      V gate = load_some(x, row + columns + c, n, x_type, 0);
      store_some(a * gelu(gate), y, y_at + r * columns + c, n, y_type);
    }
  }
}
