// Where a place of the result comes from, as PyTorch takes it (nearest_idx in
// aten/native/UpSample.h): a float product, which at other ratios than 1 and 2 falls below some whole
// numbers.
static int source(int i, int in, int out, float scale) {
  return out == 2 * in ? i >> 1 : min((int)(i * scale), in - 1);
}

// Nearest-neighbour resize of [N, from_height, from_width, channels] to height by width.
kernel void upsample_nearest(
    global const void *x, long x_at, int x_type, global void *y, long y_at, int y_type,
    int from_height, int from_width, int height, int width, int channels, float scale_y,
    float scale_x, int each) {
  int from = (int)get_global_id(0) * each;
  int end = min(channels, from + each);
  int column = get_global_id(1);
  long row = get_global_id(2);
  int sy = source((int)(row % height), from_height, height, scale_y);
  int sx = source(column, from_width, width, scale_x);
  long start = x_at + ((row / height * from_height + sy) * from_width + sx) * channels;
  long to = y_at + (row * width + column) * channels;
  for (int c = from; c < end; c += W) {
    int n = min(W, end - c);
    store_some(load_some(x, start + c, n, x_type, 0), y, to + c, n, y_type);
  }
}
