// What is done to a result while it is in registers: activations, sums and products.
#pragma once
#include "prim.cuh"

// The numbers of Epilogue.Fn in Java.
enum { FN_NONE = 0, FN_SILU = 1, FN_GELU = 2, FN_QUICK_GELU = 3, FN_ADD = 4, FN_MUL = 5 };

DEV float gelu(float x) { return 0.5f * x * (1.f + erff(x * 0.70710678118654752f)); }

DEV float activate(int fn, float x) {
  switch (fn) {
    case FN_SILU: return x / (1.f + expf(-x));
    case FN_GELU: return gelu(x);
    case FN_QUICK_GELU: return x / (1.f + expf(-1.702f * x));
    default: return x;
  }
}

// Three stages at most. A sum or product takes row (r / repeat) % rows of its operand [rows, n].
struct Epilogue {
  const void *operand0, *operand1, *operand2;
  int fn0, fn1, fn2;
  int repeat0, repeat1, repeat2;
  int rows0, rows1, rows2;
};

// Eight neighbours of one row of a result with n columns, after all stages; count of them exist.
template <class T>
DEV void epilogue(const Epilogue& e, float (&v)[8], int count, int row, int column, int n) {
#pragma unroll 1
  for (int stage = 0; stage < 3; stage++) {
    const int fn = stage == 0 ? e.fn0 : stage == 1 ? e.fn1 : e.fn2;
    if (fn == FN_NONE) return;
    if (fn < FN_ADD) {
      for (int i = 0; i < 8; i++) v[i] = activate(fn, v[i]);
      continue;
    }
    const void* operand = stage == 0 ? e.operand0 : stage == 1 ? e.operand1 : e.operand2;
    const int repeat = stage == 0 ? e.repeat0 : stage == 1 ? e.repeat1 : e.repeat2;
    const int rows = stage == 0 ? e.rows0 : stage == 1 ? e.rows1 : e.rows2;
    float w[8];
    load_some(static_cast<const T*>(operand) + (i64)(row / repeat % rows) * n + column, w, count);
    for (int i = 0; i < 8; i++) v[i] = fn == FN_ADD ? v[i] + w[i] : v[i] * w[i];
  }
}
