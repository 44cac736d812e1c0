// Storage, vectors and elementary functions; put before every other source.
//
// W is the width of a vector V: 16 on processors, where a work-item does a run of vectors, and 1 on
// GPUs, where neighbouring work-items take neighbouring elements. Arithmetic is in float; elements
// are stored as T_F32, T_F16 or T_BF16, which arguments named type tell.

#define T_F32 0
#define T_F16 1
#define T_BF16 2

// Extensions, where the device has them: half as a type, whose conversions are instructions of its own,
// and the work-items that run together.
#ifdef FP16
#pragma OPENCL EXTENSION cl_khr_fp16 : enable
#define HALF_LOAD(AS, p, at) ((float)((AS const half *)(p))[at])
#define HALF_STORE(x, AS, p, at) (((AS half *)(p))[at] = convert_half_rte(x))
#else
#define HALF_LOAD(AS, p, at) vload_half(at, (AS const half *)(p))
#define HALF_STORE(x, AS, p, at) vstore_half_rte(x, at, (AS half *)(p))
#endif
#ifdef SUB_GROUPS
#ifdef cl_khr_subgroups
#pragma OPENCL EXTENSION cl_khr_subgroups : enable
#endif
#endif

#define ADD 4
#define MUL 5

#if W == 16
typedef float16 V;
typedef int16 VI;
#define AS_V as_float16
#define AS_VI as_int16
#else
typedef float V;
typedef int VI;
#define AS_V as_float
#define AS_VI as_int
#endif

static float load(global const void *p, long at, int type) {
  if (type == T_F32) {
    return ((global const float *)p)[at];
  }
  if (type == T_F16) {
    return HALF_LOAD(global, p, at);
  }
  return as_float((uint)((global const ushort *)p)[at] << 16);
}

static void store(float x, global void *p, long at, int type) {
  if (type == T_F32) {
    ((global float *)p)[at] = x;
  } else {
    HALF_STORE(x, global, p, at);
  }
}

#if W == 16
static float16 load_v(global const void *p, long at, int type) {
  if (type == T_F32) {
    return vload16(0, (global const float *)p + at);
  }
  if (type == T_F16) {
    return vload_half16(0, (global const half *)p + at);
  }
  return as_float16(convert_uint16(vload16(0, (global const ushort *)p + at)) << 16);
}

// The first n elements, the others being fill.
static float16 load_some(global const void *p, long at, int n, int type, float fill) {
  if (n >= 16) {
    return load_v(p, at, type);
  }
  float lanes[16];
  for (int i = 0; i < 16; i++) {
    lanes[i] = i < n ? load(p, at + i, type) : fill;
  }
  return vload16(0, lanes);
}

// The first n elements only.
static void store_some(float16 x, global void *p, long at, int n, int type) {
  if (n < 16) {
    float lanes[16];
    vstore16(x, 0, lanes);
    for (int i = 0; i < n; i++) {
      store(lanes[i], p, at + i, type);
    }
  } else if (type == T_F32) {
    vstore16(x, 0, (global float *)p + at);
  } else {
    vstore_half16(x, 0, (global half *)p + at);
  }
}

static float sum_lanes(float16 x) {
  float8 a = x.lo + x.hi;
  float4 b = a.lo + a.hi;
  float2 c = b.lo + b.hi;
  return c.x + c.y;
}
#else
static float load_some(global const void *p, long at, int n, int type, float fill) {
  return load(p, at, type);
}

static void store_some(float x, global void *p, long at, int n, int type) {
  store(x, p, at, type);
}
#endif

// Adding it to a float below 2^22 leaves the nearest integer in the low bits.
#define MAGIC 12582912.0f

// 2^(n+f) where t is n plus the magic number and |f| at most 1/2: minimax fit, error 2e-9.
static V power(V t, V f) {
  V p = 1.5353362e-4f;
  p = p * f + 0.0013398874f;
  p = p * f + 0.009618437f;
  p = p * f + 0.055503324f;
  p = p * f + 0.24022648f;
  p = p * f + 0.6931472f;
  p = p * f + 1.0f;
  return p * AS_V((AS_VI(t) << 23) + (127 << 23));
}

// 2^x; 0 below 2^-126.5, infinity from 2^127.5 on.
static V exp2_v(V x) {
  V c = x < (V)(-127.0f) ? (V)(-127.0f) : x;
  c = c > (V)(128.0f) ? (V)(128.0f) : c;
  V t = c + MAGIC;
  return power(t, c - (t - MAGIC));
}

// e^x; 0 below 2^-126.5, infinity from 2^127.5 on. ln 2 is in two parts, the first with so few bits
// that its product with an exponent is exact.
static V exp_v(V x) {
  V c = x < (V)(-88.02969f) ? (V)(-88.02969f) : x;
  c = c > (V)(88.72284f) ? (V)(88.72284f) : c;
  V t = c * 1.442695f + MAGIC;
  V n = t - MAGIC;
  V rest = c - n * 0.6933594f - n * -2.12194440e-4f;
  return power(t, rest * 1.442695f);
}

// x times the normal distribution function, which is exp(-z^2/2) t Q(1 - 2t) below -z with
// t = 1/(1 + 0.28 z): the form of Abramowitz and Stegun 7.1.26 with a minimax fit.
static V gelu(V x) {
  V t = 1.0f / (1.0f + 0.28f * fabs(x));
  V u = 1.0f - 2.0f * t;
  V q = -3.201083e-4f;
  q = q * u - 0.001243020f;
  q = q * u + 0.0013919201f;
  q = q * u + 0.006371717f;
  q = q * u - 0.035330236f;
  q = q * u + 0.091418676f;
  q = q * u - 0.16025895f;
  q = q * u + 0.20893526f;
  V tail = exp_v(x * x * -0.5f) * t * q;
  return x * (x < (V)(0.0f) ? tail : 1.0f - tail);
}

// The elementwise function of this number: see Epilogue.java.
static V unary(int fn, V x) {
  if (fn == 1) {
    return x / (1.0f + exp_v(-x));
  }
  if (fn == 2) {
    return gelu(x);
  }
  return fn == 3 ? x / (1.0f + exp_v(x * -1.702f)) : x;
}

static V binary(int fn, V a, V b) {
  return fn == ADD ? a + b : a * b;
}

// Stages after a body: four bits each, the first in the lowest; a binary one takes the next operand,
// of which row r of the result meets row r / repeat % rows.
#define STAGES_PARAMS \
  int stages, \
  global const void *p0, long at0, int type0, int repeat0, int rows0, \
  global const void *p1, long at1, int type1, int repeat1, int rows1, \
  global const void *p2, long at2, int type2, int repeat2, int rows2
#define STAGES_ARGS \
  stages, p0, at0, type0, repeat0, rows0, p1, at1, type1, repeat1, rows1, \
  p2, at2, type2, repeat2, rows2

static V epilogue(V x, int row, int column, int columns, int n, STAGES_PARAMS) {
  int used = 0;
  while (stages != 0) {
    int stage = stages & 15;
    stages >>= 4;
    if (stage < ADD) {
      x = unary(stage, x);
      continue;
    }
    global const void *p = used == 0 ? p0 : used == 1 ? p1 : p2;
    long at = used == 0 ? at0 : used == 1 ? at1 : at2;
    int type = used == 0 ? type0 : used == 1 ? type1 : type2;
    int repeat = used == 0 ? repeat0 : used == 1 ? repeat1 : repeat2;
    int rows = used == 0 ? rows0 : used == 1 ? rows1 : rows2;
    used++;
    // A division takes longer than all else here: not where its result is known.
    int r = repeat == 1 ? row : row < repeat ? 0 : row / repeat;
    r = r < rows ? r : r % rows;
    x = binary(stage, x, load_some(p, at + (long)r * columns + column, n, type, 0));
  }
  return x;
}
