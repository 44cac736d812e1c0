// A sum or product of a [d0, d1, d2, d3] and b, which is broadcast by strides of 0.
#include "epilogue.cuh"

struct BinaryArgs {
  const void *a, *b;
  void* y;
  i64 n;                              // d0 * d1 * d2 * d3
  int d1, d2, d3;
  int s0, s1, s2, s3;                 // elements of b from one index to the next
  int fn;
};

template <class T>
DEV void binary(const BinaryArgs& p) {
  const int chunks = (p.d3 + 7) / 8;
  const i64 i = (i64)blockIdx.x * 256 + threadIdx.x, row = i / chunks;
  if (row * p.d3 >= p.n) return;
  const int c = (int)(i % chunks) * 8, count = min_of(8, p.d3 - c);
  const i64 i1 = row / p.d2, i0 = i1 / p.d1;
  const T* b = static_cast<const T*>(p.b) + i0 * p.s0 + i1 % p.d1 * p.s1 + row % p.d2 * p.s2;
  float v[8], w[8];
  load_some(static_cast<const T*>(p.a) + row * p.d3 + c, v, count);
  if (p.s3 == 1) {
    load_some(b + c, w, count);
  } else {
    for (int j = 0; j < 8; j++) w[j] = j < count ? load(b + (i64)(c + j) * p.s3) : 0.f;
  }
  for (int j = 0; j < 8; j++) v[j] = p.fn == FN_ADD ? v[j] + w[j] : v[j] * w[j];
  store_some(static_cast<T*>(p.y) + row * p.d3 + c, v, count);
}

KERNEL(256, 4) binary_f16(const BinaryArgs p) { binary<f16>(p); }
KERNEL(256, 4) binary_f32(const BinaryArgs p) { binary<float>(p); }
