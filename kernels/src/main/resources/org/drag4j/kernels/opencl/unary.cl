// y = fn(x): a work-item does `each` elements.
kernel void unary_run(
    global const void *x, long x_at, int x_type, global void *y, long y_at, int y_type, long count,
    int each, int fn) {
  long from = (long)get_global_id(0) * each;
  long end = min(count, from + each);
  for (long i = from; i < end; i += W) {
    int n = (int)min((long)W, end - i);
    store_some(unary(fn, load_some(x, x_at + i, n, x_type, 0)), y, y_at + i, n, y_type);
  }
}
