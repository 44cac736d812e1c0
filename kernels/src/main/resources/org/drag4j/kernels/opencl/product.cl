// Activations times packed weights: linear layers and, as implicit matrix products, convolutions.
// The weights are panels [panel][K][PANEL], short last ones filled up with zeros. Every element is
// summed in one order, whatever the sizes.

#if W == 16

// Tiles of 6 rows by 64 columns or 12 rows by 16: with the weights' vectors they fill the 32
// registers of AVX-512.
#define ROWS6(M) M(0) M(1) M(2) M(3) M(4) M(5)
#define ROWS12(M) ROWS6(M) M(6) M(7) M(8) M(9) M(10) M(11)

#define AS_F32(p, i) vload16(i, (global const float *)(p))
#define AS_F16(p, i) vload_half16(i, (global const half *)(p))
#define AS_BF16(p, i) as_float16(convert_uint16(vload16(i, (global const ushort *)(p))) << 16)

#define POINT(r) global const float *a##r = a + rows[r];
#define STEP(r) a##r += run_step;

#define ZERO64(r) float16 c##r##0 = 0, c##r##1 = 0, c##r##2 = 0, c##r##3 = 0;
#define FMA64(r) \
  { \
    float16 x = (float16)(a##r[k]); \
    c##r##0 = fma(x, b0, c##r##0); \
    c##r##1 = fma(x, b1, c##r##1); \
    c##r##2 = fma(x, b2, c##r##2); \
    c##r##3 = fma(x, b3, c##r##3); \
  }
#define PUT64(r) \
  to[4 * r] = c##r##0; \
  to[4 * r + 1] = c##r##1; \
  to[4 * r + 2] = c##r##2; \
  to[4 * r + 3] = c##r##3;

#define ZERO16(r) float16 c##r = 0;
#define FMA16(r) c##r = fma((float16)(a##r[k]), b0, c##r);
#define PUT16(r) to[r] = c##r;

// The sums of one tile: row r of it has its operand at a + rows[r], which is `runs` runs of `length`
// floats, `run_step` apart less the length.
#define TILE64(NAME, AS, SIZE) \
  static void NAME( \
      global const float *a, const long *rows, int runs, int length, long run_step, \
      global const char *b, float16 *to) { \
    ROWS6(POINT) \
    ROWS6(ZERO64) \
    for (int run = 0; run < runs; run++) { \
      for (int k = 0; k < length; k++) { \
        float16 b0 = AS(b, 0), b1 = AS(b, 1), b2 = AS(b, 2), b3 = AS(b, 3); \
        b += 64 * SIZE; \
        ROWS6(FMA64) \
      } \
      ROWS6(STEP) \
    } \
    ROWS6(PUT64) \
  }
TILE64(tile64_f32, AS_F32, 4)
TILE64(tile64_f16, AS_F16, 2)
TILE64(tile64_bf16, AS_BF16, 2)

#define TILE16(NAME, AS, SIZE) \
  static void NAME( \
      global const float *a, const long *rows, int runs, int length, long run_step, \
      global const char *b, float16 *to) { \
    ROWS12(POINT) \
    ROWS12(ZERO16) \
    for (int run = 0; run < runs; run++) { \
      for (int k = 0; k < length; k++) { \
        float16 b0 = AS(b, 0); \
        b += 16 * SIZE; \
        ROWS12(FMA16) \
      } \
      ROWS12(STEP) \
    } \
    ROWS12(PUT16) \
  }
TILE16(tile16_f32, AS_F32, 4)
TILE16(tile16_f16, AS_F16, 2)
TILE16(tile16_bf16, AS_BF16, 2)

// The same from sums of at most PART products each, whose rounding errors grow with the root of their
// length and number instead of the whole's: for exact results, a little slower.
#define PART 128

#define PARTS(TILE, TYPE, R, PANEL, SIZE) \
  static void TILE##_parts_##TYPE( \
      global const float *a, const long *rows, int runs, int length, long run_step, \
      global const char *b, float16 *to) { \
    int parts = (length + PART - 1) / PART; \
    int each = (length + parts - 1) / parts; \
    for (int j = 0; j < R * PANEL / 16; j++) { \
      to[j] = 0; \
    } \
    for (int run = 0; run < runs; run++) { \
      for (int from = 0; from < length; from += each) { \
        int some = min(each, length - from); \
        float16 part[R * PANEL / 16]; \
        TILE##_##TYPE(a + run * run_step + from, rows, 1, some, 0, b, part); \
        b += (long)some * PANEL * SIZE; \
        for (int j = 0; j < R * PANEL / 16; j++) { \
          to[j] += part[j]; \
        } \
      } \
    } \
  }
PARTS(tile64, f32, 6, 64, 4)
PARTS(tile64, f16, 6, 64, 2)
PARTS(tile64, bf16, 6, 64, 2)
PARTS(tile16, f32, 12, 16, 4)
PARTS(tile16, f16, 12, 16, 2)
PARTS(tile16, bf16, 12, 16, 2)

// A work-item does `block` rows of one panel; neighbours do the same rows where panels go first. Row
// r's operand is pixel (r / width % height, r % width) of picture r / (width * height), counted up
// without divisions.
#define PRODUCT(NAME, TILE, R, PANEL) \
  kernel void NAME( \
      global const float *a, long a_at, int a_type, global const char *b, long b_at, \
      int b_type, global const void *bias, long bias_at, int bias_type, int has_bias, \
      global void *y, long y_at, int y_type, int rows, int columns, int panels_first, int block, \
      int width, int height, long x_step, long y_step, long picture_step, int runs, int length, \
      long run_step, STAGES_PARAMS) { \
    int i0 = get_global_id(0); \
    int i1 = get_global_id(1); \
    int top = (panels_first ? i1 : i0) * block; \
    int bottom = min(rows, top + block); \
    int panel = panels_first ? i0 : i1; \
    int left = panel * PANEL; \
    int inner = runs * length; \
    global const char *weights = b + (b_at + (long)panel * inner * PANEL) * (b_type == T_F32 ? 4 : 2); \
    int across = top % width; \
    int down = top / width % height; \
    long picture = a_at + top / width / height * picture_step; \
    for (int first = top; first < bottom; first += R) { \
      long at[R]; \
      for (int i = 0; i < R; i++) { \
        at[i] = picture + down * y_step + across * x_step; \
        if (first + i + 1 < rows && ++across == width) { \
          across = 0; \
          if (++down == height) { \
            down = 0; \
            picture += picture_step; \
          } \
        } \
      } \
      float16 sums[R * PANEL / 16]; \
      if (b_type == T_F16) { \
        TILE##_f16(a, at, runs, length, run_step, weights, sums); \
      } else if (b_type == T_BF16) { \
        TILE##_bf16(a, at, runs, length, run_step, weights, sums); \
      } else { \
        TILE##_f32(a, at, runs, length, run_step, weights, sums); \
      } \
      int count = min(R, rows - first); \
      for (int i = 0; i < count; i++) { \
        int row = first + i; \
        for (int j = 0; j < PANEL / 16; j++) { \
          int column = left + 16 * j; \
          int n = min(16, columns - column); \
          if (n > 0) { \
            float16 x = sums[i * (PANEL / 16) + j]; \
            if (has_bias) { \
              x += load_some(bias, bias_at + column, n, bias_type, 0); \
            } \
            x = epilogue(x, row, column, columns, n, STAGES_ARGS); \
            store_some(x, y, y_at + (long)row * columns + column, n, y_type); \
          } \
        } \
      } \
    } \
  }
PRODUCT(product_panel64, tile64, 6, 64)
PRODUCT(product_panel16, tile16, 12, 16)
PRODUCT(product_panel64_parts, tile64_parts, 6, 64)
PRODUCT(product_panel16_parts, tile16_parts, 12, 16)

#else

#define TILE 64
#define DEPTH 16
#define SIDE 16
#define EACH 4

#define GET_FLOAT(p) (*(p))
#define PUT_FLOAT(p, x) (*(p) = (x))
#define GET_HALF(p) HALF_LOAD(local, p, 0)
#define PUT_HALF(p, x) HALF_STORE(x, local, p, 0)

// A work-group of 16 by 16 does 64 rows by one panel of 64 columns, both operands going through local
// memory 16 numbers deep; a work-item does 4 rows and 4 columns, both 16 apart. K index k of row r is
// channel k % channels of window place k / channels.
// Neighbours take neighbouring channels of one row. T is how local memory holds the operands. Sums are
// of at most PART products each where that is not 0.
#define PRODUCT_TILE(NAME, T, GET, PUT, PART) \
  kernel __attribute__((reqd_work_group_size(SIDE, SIDE, 1))) void NAME( \
      global const void *x, long x_at, int x_type, global const void *b, long b_at, \
      int b_type, global const void *bias, long bias_at, int bias_type, int has_bias, \
      global void *y, long y_at, int y_type, int rows, int columns, int inner, int from_height, \
      int from_width, int channels, int height, int width, int kernel_width, int stride, \
      int before, STAGES_PARAMS) { \
    local T at[DEPTH][TILE + 1]; \
    local T bt[DEPTH][TILE]; \
    int li = get_local_id(0); \
    int lj = get_local_id(1); \
    int me = lj * SIDE + li; \
    int top = (int)get_group_id(1) * TILE; \
    int panel = get_group_id(0); \
    long weights = b_at + (long)panel * inner * TILE; \
    float sums[EACH][EACH]; \
    float parts[EACH][EACH]; \
    for (int i = 0; i < EACH; i++) { \
      for (int j = 0; j < EACH; j++) { \
        sums[i][j] = 0; \
        parts[i][j] = 0; \
      } \
    } \
    for (int from = 0; from < inner; from += DEPTH) { \
      int k = from + li; \
      int place = k / channels; \
      int dy = place / kernel_width; \
      int dx = place % kernel_width; \
      for (int i = 0; i < EACH; i++) { \
        int r = top + i * SIDE + lj; \
        int line = r / width; \
        int iy = line % height * stride - before + dy; \
        int ix = r % width * stride - before + dx; \
        float v = 0; \
        if (r < rows && k < inner && iy >= 0 && iy < from_height && ix >= 0 && ix < from_width) { \
          long pixel = ((long)(line / height) * from_height + iy) * from_width + ix; \
          v = load(x, x_at + pixel * channels + k % channels, x_type); \
        } \
        PUT(&at[li][i * SIDE + lj], v); \
      } \
      for (int i = 0; i < EACH; i++) { \
        int e = i * SIDE * SIDE + me; \
        int depth = e / TILE; \
        PUT(&bt[depth][e % TILE], \
            from + depth < inner ? load(b, weights + (long)from * TILE + e, b_type) : 0); \
      } \
      barrier(CLK_LOCAL_MEM_FENCE); \
      for (int d = 0; d < DEPTH; d++) { \
        float av[EACH]; \
        float bv[EACH]; \
        for (int i = 0; i < EACH; i++) { \
          av[i] = GET(&at[d][i * SIDE + lj]); \
          bv[i] = GET(&bt[d][i * SIDE + li]); \
        } \
        for (int i = 0; i < EACH; i++) { \
          for (int j = 0; j < EACH; j++) { \
            sums[i][j] = fma(av[i], bv[j], sums[i][j]); \
          } \
        } \
      } \
      if (PART != 0 && (from + DEPTH) % max(PART, 1) == 0) { \
        for (int i = 0; i < EACH; i++) { \
          for (int j = 0; j < EACH; j++) { \
            parts[i][j] += sums[i][j]; \
            sums[i][j] = 0; \
          } \
        } \
      } \
      barrier(CLK_LOCAL_MEM_FENCE); \
    } \
    for (int i = 0; i < EACH; i++) { \
      int row = top + i * SIDE + lj; \
      for (int j = 0; j < EACH; j++) { \
        int column = panel * TILE + j * SIDE + li; \
        if (row < rows && column < columns) { \
          float v = PART == 0 ? sums[i][j] : sums[i][j] + parts[i][j]; \
          v = has_bias ? v + load(bias, bias_at + column, bias_type) : v; \
          v = epilogue(v, row, column, columns, 1, STAGES_ARGS); \
          store(v, y, y_at + (long)row * columns + column, y_type); \
        } \
      } \
    } \
  }

PRODUCT_TILE(product_tile64, float, GET_FLOAT, PUT_FLOAT, 0)
PRODUCT_TILE(product_tile64_parts, float, GET_FLOAT, PUT_FLOAT, 128)
// For operands of 16 bits each: half the local memory, and half its traffic.
PRODUCT_TILE(product_tile64_half, ushort, GET_HALF, PUT_HALF, 0)
PRODUCT_TILE(product_tile64_half_parts, ushort, GET_HALF, PUT_HALF, 128)

#endif
