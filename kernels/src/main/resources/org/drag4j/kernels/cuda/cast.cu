// n numbers from one of float and half to the other.
#include "prim.cuh"

struct CastArgs {
  const void* x;
  void* y;
  i64 n;
};

template <class X, class Y>
DEV void cast(const CastArgs& p) {
  const i64 i = ((i64)blockIdx.x * 256 + threadIdx.x) * 8;
  if (i >= p.n) return;
  const int count = p.n - i < 8 ? (int)(p.n - i) : 8;
  float v[8];
  load_some(static_cast<const X*>(p.x) + i, v, count);
  store_some(static_cast<Y*>(p.y) + i, v, count);
}

KERNEL(256, 4) cast_f16(const CastArgs p) { cast<float, f16>(p); }
KERNEL(256, 4) cast_f32(const CastArgs p) { cast<f16, float>(p); }
