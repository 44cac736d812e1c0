// Normalises rows of x in two passes: the mean, then the squares about it. Sums are about the first
// element, so that a large mean costs no digits. A work-item (or, on a GPU, a work-group of L) does
// a row.

#if W == 1
#define TOTAL(x) total(x, shared)
#define FIRST (int)get_local_id(0)
#define ROW get_group_id(0)
#else
#define TOTAL(x) sum_lanes(x)
#define FIRST 0
#define ROW get_global_id(0)
#endif

kernel __attribute__((reqd_work_group_size(L, 1, 1))) void layer_norm_row(
    global const void *x, long x_at, int x_type, global const void *scale, long scale_at,
    int scale_type, global const void *shift, long shift_at, int shift_type, global void *y,
    long y_at, int y_type, int columns, float eps SHARED) {
  long row = (long)ROW * columns;
  float about = load(x, x_at + row, x_type);
  V sums = 0;
  for (int c = FIRST * W; c < columns; c += L * W) {
    sums += load_some(x, x_at + row + c, min(W, columns - c), x_type, about) - about;
  }
  float moved = TOTAL(sums) / columns;
  float center = about + moved;
  // What the rounded center lacks of the mean.
  float off = (about - center) + moved;
  V squares = 0;
  for (int c = FIRST * W; c < columns; c += L * W) {
    V d = load_some(x, x_at + row + c, min(W, columns - c), x_type, center) - center;
    squares = fma(d, d, squares);
  }
  float variance = TOTAL(squares) / columns - off * off;
  float factor = 1.0f / sqrt(max(variance, 0.0f) + eps);
  for (int c = FIRST * W; c < columns; c += L * W) {
    int n = min(W, columns - c);
    V z = (load_some(x, x_at + row + c, n, x_type, 0) - center) * factor - off * factor;
    V s = load_some(scale, scale_at + c, n, scale_type, 0);
    V b = load_some(shift, shift_at + c, n, shift_type, 0);
    store_some(z * s + b, y, y_at + row + c, n, y_type);
  }
}
