// Pictures [N, height, width, channels] as float between zeros: `before` above and left, up to
// padded_height and padded_width. A work-item does one line or, on a GPU, one element of it.
kernel void pad_line(
    global const void *x, long x_at, int x_type, global float *y, long y_at, int y_type, int height,
    int width, int channels, int before, int padded_height, int padded_width, int each) {
  int length = padded_width * channels;
  int from = (int)get_global_id(0) * each;
  int end = min(length, from + each);
  long line = get_global_id(1);
  long to = y_at + line * length;
  int row = (int)(line % padded_height) - before;
  int left = before * channels;
  int right = left + width * channels;
  if (row < 0 || row >= height) {
    left = right = length;
  }
  long start = x_at + (line / padded_height * height + row) * width * channels - left;
  for (int c = from; c < end; c += W) {
    int n = min(W, end - c);
    if (c >= left && c + n <= right) {
      store_some(load_some(x, start + c, n, x_type, 0), y, to + c, n, T_F32);
      continue;
    }
    for (int i = c; i < c + n; i++) {
      y[to + i] = i >= left && i < right ? load(x, start + i, x_type) : 0;
    }
  }
}
