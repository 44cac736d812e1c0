// 3x3 convolutions by minimal filtering (Lavin and Gray: Fast Algorithms for Convolutional Neural
// Networks, 2016): y = A'[(G w G') * (B' x B)]A over squares of SIDE by SIDE pixels, products element
// by element, summed over channels. Pictures are cut into tiles, a tile's transform being a row of
// each of SIDE * SIDE matrices. The weights' transforms are made in local memory, a few channels at a
// time, for as many tiles as fit beside them, and never kept: they are four times the weights.

#define AS_F32(p, i) vload16(0, (global const float *)(p) + (i))
#define AS_F16(p, i) vload_half16(0, (global const half *)(p) + (i))

// Points 0, a, -a, b, -b and infinity: a = 5/8 and b = 3/2 are exact, so are their powers here, and
// the result has half the rounding error of the usual 1 and 2.
#define A1 0.625f
#define A2 (A1 * A1)
#define A3 (A2 * A1)
#define B1 1.5f
#define B2 (B1 * B1)
#define B3 (B2 * B1)
// The products of a point's distances from the others.
#define AT_0 (A2 * B2)
#define AT_A (2.0f * A2 * (A2 - B2))
#define AT_B (2.0f * B2 * (B2 - A2))

static void input_line4(float16 *d, int step) {
  float16 x0 = d[0], x1 = d[step], x2 = d[2 * step], x3 = d[3 * step], x4 = d[4 * step];
  float16 x5 = d[5 * step];
  float16 p = fma(x2, (float16)(-B2), x4);
  float16 q = fma(x1, (float16)(-B2), x3) * A1;
  float16 r = fma(x2, (float16)(-A2), x4);
  float16 s = fma(x1, (float16)(-A2), x3) * B1;
  d[0] = fma(x0, (float16)(A2 * B2), fma(x2, (float16)(-(A2 + B2)), x4));
  d[step] = p + q;
  d[2 * step] = p - q;
  d[3 * step] = r + s;
  d[4 * step] = r - s;
  d[5 * step] = fma(x1, (float16)(A2 * B2), fma(x3, (float16)(-(A2 + B2)), x5));
}

static void weight_line4(const float16 *w, int step, float16 *u, int to_step) {
  float16 w0 = w[0], w1 = w[step], w2 = w[2 * step];
  float16 p = fma(w2, (float16)(A2 / AT_A), w0 * (1.0f / AT_A));
  float16 q = w1 * (A1 / AT_A);
  float16 r = fma(w2, (float16)(B2 / AT_B), w0 * (1.0f / AT_B));
  float16 s = w1 * (B1 / AT_B);
  u[0] = w0 * (1.0f / AT_0);
  u[to_step] = p + q;
  u[2 * to_step] = p - q;
  u[3 * to_step] = r + s;
  u[4 * to_step] = r - s;
  u[5 * to_step] = w2;
}

static void output_line4(float16 *m, int step) {
  float16 p = m[step] + m[2 * step];
  float16 q = m[step] - m[2 * step];
  float16 r = m[3 * step] + m[4 * step];
  float16 s = m[3 * step] - m[4 * step];
  float16 m5 = m[5 * step];
  m[0] = m[0] + p + r;
  m[step] = fma(s, (float16)(B1), q * A1);
  m[2 * step] = fma(r, (float16)(B2), p * A2);
  m[3 * step] = fma(s, (float16)(B3), fma(q, (float16)(A3), m5));
}

// Points 0, 1, -1 and infinity.
static void input_line2(float16 *d, int step) {
  float16 x0 = d[0], x1 = d[step], x2 = d[2 * step], x3 = d[3 * step];
  d[0] = x0 - x2;
  d[step] = x1 + x2;
  d[2 * step] = x2 - x1;
  d[3 * step] = x1 - x3;
}

static void weight_line2(const float16 *w, int step, float16 *u, int to_step) {
  float16 w0 = w[0], w1 = w[step], w2 = w[2 * step];
  u[0] = w0;
  u[to_step] = (w0 + w2 + w1) * 0.5f;
  u[2 * to_step] = (w0 + w2 - w1) * 0.5f;
  u[3 * to_step] = w2;
}

static void output_line2(float16 *m, int step) {
  float16 m1 = m[step], m2 = m[2 * step];
  m[0] = m[0] + m1 + m2;
  m[step] = m1 - m2 - m[3 * step];
}

// One tile, all channels: pixel (0, 0) is at `at`, which may lie outside the picture.
#define TRANSFORM(NAME, M, AS) \
  static void NAME( \
      global const void *x, long at, int top, int left, int height, int width, int channels, \
      global float *v, long v_step) { \
    for (int c = 0; c < channels; c += 16) { \
      float16 d[(M + 2) * (M + 2)]; \
      for (int i = 0; i < M + 2; i++) { \
        int line = top + i; \
        for (int j = 0; j < M + 2; j++) { \
          int inside = line >= 0 && line < height && left + j >= 0 && left + j < width; \
          d[i * (M + 2) + j] = \
              inside ? AS(x, at + ((long)i * width + j) * channels + c) : (float16)(0); \
        } \
      } \
      for (int j = 0; j < M + 2; j++) { \
        input_line##M(d + j, M + 2); \
      } \
      for (int i = 0; i < M + 2; i++) { \
        input_line##M(d + (M + 2) * i, 1); \
      } \
      for (int p = 0; p < (M + 2) * (M + 2); p++) { \
        vstore16(d[p], 0, v + p * v_step + c); \
      } \
    } \
  }

// v [points, tiles, channels], a point's matrix v_step after the one before: B' x B. A work-item does
// one tile.
#define INPUT(M) \
  TRANSFORM(transform##M##_f32, M, AS_F32) \
  TRANSFORM(transform##M##_f16, M, AS_F16) \
  kernel void winograd##M##_input( \
      global const void *x, long x_at, int x_type, global float *v, long v_at, int v_type, \
      long v_step, int first, int height, int width, int across, int down, int channels) { \
    int index = get_global_id(0); \
    int tile = first + index; \
    int line = tile / across; \
    int top = line % down * M - 1; \
    int left = tile % across * M - 1; \
    long at = \
        x_at + ((long)(line / down) * height * width + (long)top * width + left) * channels; \
    global float *to = v + v_at + (long)index * channels; \
    if (x_type == T_F32) { \
      transform##M##_f32(x, at, top, left, height, width, channels, to, v_step); \
    } else { \
      transform##M##_f16(x, at, top, left, height, width, channels, to, v_step); \
    } \
  }
INPUT(2)
INPUT(4)

// A work-item does at most `each` of `count` tiles for one panel of 64 columns: products
// [points][tiles][64], u [points][chunk][64], both with 16 floats between points, lest all of them
// fall into the same few lines of the cache.
#define PRODUCT(M, NAME, MULTIPLY) \
  kernel void NAME( \
      global const float *v, long v_at, int v_type, long v_step, global const char *b, \
      long b_at, int b_type, global const void *bias, long bias_at, int bias_type, int has_bias, \
      global void *y, long y_at, int y_type, int first, int count, int each, int inner, int chunk, \
      int columns, int height, int width, int across, \
      int down, local float *products, local float *u, STAGES_PARAMS) { \
    int begin = (int)get_global_id(0) * each; \
    int n = min(each, count - begin); \
    int panel = get_global_id(1); \
    int step = n * 64 + 16; \
    long weights = b_at + (long)panel * 9 * inner * 64; \
    for (int c = 0; c < inner; c += chunk) { \
      int k = min(chunk, inner - c); \
      int u_step = k * 64 + 16; \
      for (int i = 0; i < k * 64; i += 16) { \
        float16 w[9]; \
        float16 t[3 * (M + 2)]; \
        float16 g[(M + 2) * (M + 2)]; \
        for (int tap = 0; tap < 9; tap++) { \
          w[tap] = load_v(b, weights + ((long)tap * inner + c) * 64 + i, b_type); \
        } \
        for (int j = 0; j < 3; j++) { \
          weight_line##M(w + j, 3, t + j, 3); \
        } \
        for (int j = 0; j < M + 2; j++) { \
          weight_line##M(t + 3 * j, 1, g + (M + 2) * j, 1); \
        } \
        for (int p = 0; p < (M + 2) * (M + 2); p++) { \
          vstore16(g[p], 0, u + p * u_step + i); \
        } \
      } \
      for (int p = 0; p < (M + 2) * (M + 2); p++) { \
        MULTIPLY( \
            v + v_at + p * v_step + (long)begin * inner + c, inner, n, u + p * u_step, k, \
            products + p * step, c > 0); \
      } \
    } \
    for (int i = 0; i < n; i++) { \
      int tile = first + begin + i; \
      int line = tile / across; \
      int top = line % down * M; \
      int left = tile % across * M; \
      int corner = (line / down * height + top) * width + left; \
      for (int j = 0; j < 64 && panel * 64 + j < columns; j += 16) { \
        int column = panel * 64 + j; \
        float16 m[(M + 2) * (M + 2)]; \
        for (int p = 0; p < (M + 2) * (M + 2); p++) { \
          m[p] = vload16(0, products + p * step + i * 64 + j); \
        } \
        for (int q = 0; q < M + 2; q++) { \
          output_line##M(m + q, M + 2); \
        } \
        float16 add = has_bias ? load_v(bias, bias_at + column, bias_type) : (float16)(0); \
        for (int dy = 0; dy < M && top + dy < height; dy++) { \
          output_line##M(m + (M + 2) * dy, 1); \
          for (int dx = 0; dx < M && left + dx < width; dx++) { \
            int row = corner + dy * width + dx; \
            float16 z = epilogue(m[(M + 2) * dy + dx] + add, row, column, columns, 16, STAGES_ARGS); \
            store_some(z, y, y_at + (long)row * columns + column, 16, y_type); \
          } \
        } \
      } \
    } \
  }
PRODUCT(2, winograd2_product, multiply64)
PRODUCT(2, winograd2_product_parts, multiply64_parts)
PRODUCT(4, winograd4_product, multiply64)
