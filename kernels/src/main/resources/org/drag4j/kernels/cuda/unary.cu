// An elementwise function of n numbers.
#include "epilogue.cuh"

struct UnaryArgs {
  const void* x;
  void* y;
  i64 n;
  int fn;
};

template <class T>
DEV void unary(const UnaryArgs& p) {
  const i64 i = ((i64)blockIdx.x * 256 + threadIdx.x) * 8;
  if (i >= p.n) return;
  const int count = p.n - i < 8 ? (int)(p.n - i) : 8;
  float v[8];
  load_some(static_cast<const T*>(p.x) + i, v, count);
  for (int j = 0; j < 8; j++) v[j] = activate(p.fn, v[j]);
  store_some(static_cast<T*>(p.y) + i, v, count);
}

KERNEL(256, 4) unary_f16(const UnaryArgs p) { unary<f16>(p); }
KERNEL(256, 4) unary_f32(const UnaryArgs p) { unary<float>(p); }
