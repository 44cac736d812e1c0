// Copies x [rows, n] into columns of a wider matrix; a call for each value that is joined.
#include "prim.cuh"

struct ConcatArgs {
  const void* x;
  void* y;                            // the first column to write
  int rows, n, ldx, ldy;
};

template <class T>
DEV void concat(const ConcatArgs& p) {
  const int chunks = (p.n + 7) / 8;
  const i64 i = (i64)blockIdx.x * 256 + threadIdx.x;
  if (i >= (i64)p.rows * chunks) return;
  const i64 row = i / chunks;
  const int c = (int)(i % chunks) * 8, count = min_of(8, p.n - c);
  float v[8];
  load_some(static_cast<const T*>(p.x) + row * p.ldx + c, v, count);
  store_some(static_cast<T*>(p.y) + row * p.ldy + c, v, count);
}

KERNEL(256, 4) concat_f16(const ConcatArgs p) { concat<f16>(p); }
KERNEL(256, 4) concat_f32(const ConcatArgs p) { concat<float>(p); }
