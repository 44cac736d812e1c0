// One part [rows, width] of a join, to columns `left` and on of y [rows, columns]; W elements and
// `some` rows a work-item.
kernel void concat_part(
    global const void *x, long x_at, int x_type, global void *y, long y_at, int y_type, long rows,
    int width, int columns, int left, int each, int some) {
  int from = (int)get_global_id(0) * each;
  int end = min(width, from + each);
  long first = (long)get_global_id(1) * some;
  long last = min(rows, first + some);
  for (long r = first; r < last; r++) {
    for (int c = from; c < end; c += W) {
      int n = min(W, end - c);
      V v = load_some(x, x_at + r * width + c, n, x_type, 0);
      store_some(v, y, y_at + r * columns + left + c, n, y_type);
    }
  }
}
