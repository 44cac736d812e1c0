#if W == 16

// Matrix products whose right operand and result are in local memory, in tiles of 6 rows by 64 columns
// or 12 by 16, which with the right operand's vectors fill the 32 registers of AVX-512.
#define ROWS6(M) M(0) M(1) M(2) M(3) M(4) M(5)
#define ROWS12(M) ROWS6(M) M(6) M(7) M(8) M(9) M(10) M(11)

#define POINT(r) global const float *a##r = a + min(first + r, rows - 1) * a_stride;

#define START64(r) \
  float16 c##r##0 = 0, c##r##1 = 0, c##r##2 = 0, c##r##3 = 0; \
  if (more && first + r < rows) { \
    local const float *from = to + (first + r) * 64; \
    c##r##0 = vload16(0, from); \
    c##r##1 = vload16(1, from); \
    c##r##2 = vload16(2, from); \
    c##r##3 = vload16(3, from); \
  }
#define FMA64(r) \
  { \
    float16 x = (float16)(a##r[k]); \
    c##r##0 = fma(x, b0, c##r##0); \
    c##r##1 = fma(x, b1, c##r##1); \
    c##r##2 = fma(x, b2, c##r##2); \
    c##r##3 = fma(x, b3, c##r##3); \
  }
#define PUT64(r) \
  if (first + r < rows) { \
    local float *at = to + (first + r) * 64; \
    vstore16(c##r##0, 0, at); \
    vstore16(c##r##1, 1, at); \
    vstore16(c##r##2, 2, at); \
    vstore16(c##r##3, 3, at); \
  }

#define ZERO64(r) float16 c##r##0 = 0, c##r##1 = 0, c##r##2 = 0, c##r##3 = 0;
#define ADD64(r) \
  if (more && first + r < rows) { \
    local const float *from = to + (first + r) * 64; \
    c##r##0 += vload16(0, from); \
    c##r##1 += vload16(1, from); \
    c##r##2 += vload16(2, from); \
    c##r##3 += vload16(3, from); \
  } \
  PUT64(r)

#define START16(r) \
  float16 c##r = more && first + r < rows ? vload16(first + r, to) : (float16)(0);
#define FMA16(r) c##r = fma((float16)(a##r[k]), b0, c##r);
#define PUT16(r) \
  if (first + r < rows) { \
    vstore16(c##r, first + r, to); \
  }

#define ZERO16(r) float16 c##r = 0;
#define ADD16(r) \
  if (more && first + r < rows) { \
    c##r += vload16(first + r, to); \
  } \
  PUT16(r)

// to [rows, 64] = a [rows, depth] b [depth, 64], or where `more` is added to it.
#define MULTIPLY64(NAME, START, PUT) \
  static void NAME( \
      global const float *a, long a_stride, int rows, local const float *b, int depth, \
      local float *to, int more) { \
    for (int first = 0; first < rows; first += 6) { \
      ROWS6(POINT) \
      ROWS6(START) \
      local const float *bk = b; \
      for (int k = 0; k < depth; k++) { \
        float16 b0 = vload16(0, bk), b1 = vload16(1, bk), b2 = vload16(2, bk), b3 = vload16(3, bk); \
        bk += 64; \
        ROWS6(FMA64) \
      } \
      ROWS6(PUT) \
    } \
  }
MULTIPLY64(multiply64, START64, PUT64)
// Here what is added is a sum of its own first.
MULTIPLY64(multiply64_parts, ZERO64, ADD64)

#define MULTIPLY16(NAME, START, PUT) \
  static void NAME( \
      global const float *a, long a_stride, int rows, local const float *b, int depth, \
      local float *to, int more) { \
    for (int first = 0; first < rows; first += 12) { \
      ROWS12(POINT) \
      ROWS12(START) \
      for (int k = 0; k < depth; k++) { \
        float16 b0 = vload16(k, b); \
        ROWS12(FMA16) \
      } \
      ROWS12(PUT) \
    } \
  }
MULTIPLY16(multiply16, START16, PUT16)
MULTIPLY16(multiply16_parts, ZERO16, ADD16)

#endif
