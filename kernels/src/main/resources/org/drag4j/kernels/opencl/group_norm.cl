// Group norm over channels-last images [N, positions, channels], in three kernels. Each block of
// positions gives, a channel, its first element and the sum and sum of squares about that; these are
// merged a group (Chan, Golub, LeVeque: Updating formulae and a pairwise algorithm for computing
// sample variances, 1979), and the last one applies what comes out. Blocks depend on the shape alone.

// parts [N, blocks, 3, channels]
kernel void group_norm_moments(
    global const void *x, long x_at, int x_type, global float *parts, long parts_at, int parts_type,
    int positions, int channels, int block) {
  int c = (int)get_global_id(0) * W;
  long b = get_global_id(1);
  long image = get_global_id(2);
  long blocks = get_global_size(1);
  int n = min(W, channels - c);
  if (n <= 0) {
    return;
  }
  int from = (int)b * block;
  int end = min(positions, from + block);
  long at = x_at + (image * positions + from) * channels + c;
  V about = load_some(x, at, n, x_type, 0);
  V sums = 0;
  V squares = 0;
  for (int p = from + 1; p < end; p++) {
    at += channels;
    V d = load_some(x, at, n, x_type, 0) - about;
    sums += d;
    squares = fma(d, d, squares);
  }
  long to = parts_at + (image * blocks + b) * 3 * channels + c;
  store_some(about, parts, to, n, T_F32);
  store_some(sums, parts, to + channels, n, T_F32);
  store_some(squares, parts, to + 2 * channels, n, T_F32);
}

// Adds x to a sum that carries its rounding error along (Kahan).
static void add(float *sum, float *lost, float x) {
  float y = x - *lost;
  float t = *sum + y;
  *lost = (t - *sum) - y;
  *sum = t;
}

#if W == 1
#define TOTAL(x) total(x, shared)
#define ME (int)get_local_id(0)
#else
#define TOTAL(x) (x)
#define ME 0
#endif

// factors [N, 3, channels]: center, scale, shift. A work-group does a group of an image.
kernel __attribute__((reqd_work_group_size(L, 1, 1))) void group_norm_merge(
    global const float *parts, long parts_at, int parts_type, global float *factors,
    long factors_at, int factors_type, global const void *scale, long scale_at, int scale_type,
    global const void *shift, long shift_at, int shift_type, int positions, int channels, int groups,
    int block, int blocks, float eps SHARED) {
  int group = get_group_id(0);
  long image = get_group_id(1);
  int size = channels / groups;
  int first = group * size;
  long from = parts_at + image * blocks * 3 * channels + first;
  float reference = parts[from];
  int count = blocks * size;
  float all = (float)positions * size;
  float sum = 0;
  float lost = 0;
  for (int i = ME; i < count; i += L) {
    int b = i / size;
    long at = from + (long)b * 3 * channels + i % size;
    int n = min(block, positions - b * block);
    add(&sum, &lost, (parts[at] - reference) * n + parts[at + channels]);
  }
  float mean = TOTAL(sum) / all;
  sum = 0;
  lost = 0;
  for (int i = ME; i < count; i += L) {
    int b = i / size;
    long at = from + (long)b * 3 * channels + i % size;
    int n = min(block, positions - b * block);
    float s = parts[at + channels] / n;
    float d = (parts[at] - reference) + s - mean;
    add(&sum, &lost, parts[at + 2 * channels] - s * s * n + d * d * n);
  }
  float variance = max(TOTAL(sum), 0.0f) / all;
  float factor = 1.0f / sqrt(variance + eps);
  float center = reference + mean;
  // What the rounded center lacks of the mean.
  float off = (reference - center) + mean;
  long to = factors_at + image * 3 * channels + first;
  for (int c = ME; c < size; c += L) {
    float s = factor * load(scale, scale_at + first + c, scale_type);
    factors[to + c] = center;
    factors[to + channels + c] = s;
    factors[to + 2 * channels + c] = load(shift, shift_at + first + c, shift_type) - off * s;
  }
}

// A work-item does W channels of `each` positions.
kernel void group_norm_apply(
    global const void *x, long x_at, int x_type, global const float *factors, long factors_at,
    int factors_type, global void *y, long y_at, int y_type, int positions, int channels, int each,
    int fn) {
  int c = (int)get_global_id(0) * W;
  int from = (int)get_global_id(1) * each;
  int end = min(positions, from + each);
  long image = get_global_id(2);
  int n = min(W, channels - c);
  if (n <= 0) {
    return;
  }
  long f = factors_at + image * 3 * channels + c;
  V center = load_some(factors, f, n, T_F32, 0);
  V scale = load_some(factors, f + channels, n, T_F32, 0);
  V shift = load_some(factors, f + 2 * channels, n, T_F32, 0);
  for (int p = from; p < end; p++) {
    long at = (image * positions + p) * channels + c;
    V v = (load_some(x, x_at + at, n, x_type, 0) - center) * scale + shift;
    store_some(unary(fn, v), y, y_at + at, n, y_type);
  }
}
