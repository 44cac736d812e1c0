// Another order, size of the last dimension and number format: y [d0, d1, d2, d3] takes x at the given
// strides, zeros from `valid` on in the last dimension. With it weights become channels-last, latents
// change between PyTorch's order and ours, and numbers are cast.
#include "prim.cuh"

struct RepackArgs {
  const void* x;
  void* y;
  i64 s0, s1, s2, s3;                 // elements of x from one index to the next
  int d0, d1, d2, d3;
  int valid;
};

template <class X, class Y>
DEV void repack(const RepackArgs& p) {
  const i64 i = (i64)blockIdx.x * 256 + threadIdx.x, n = (i64)p.d0 * p.d1 * p.d2 * p.d3;
  if (i >= n) return;
  const i64 row = i / p.d3, plane = row / p.d2;
  const int i3 = (int)(i % p.d3);
  const X* x = static_cast<const X*>(p.x) + plane / p.d1 * p.s0 + plane % p.d1 * p.s1 +
               row % p.d2 * p.s2 + i3 * p.s3;
  store(static_cast<Y*>(p.y) + i, i3 < p.valid ? load(x) : 0.f);
}

KERNEL(256, 4) repack_f32_f32(const RepackArgs p) { repack<float, float>(p); }
KERNEL(256, 4) repack_f32_f16(const RepackArgs p) { repack<float, f16>(p); }
KERNEL(256, 4) repack_f16_f32(const RepackArgs p) { repack<f16, float>(p); }
KERNEL(256, 4) repack_f16_f16(const RepackArgs p) { repack<f16, f16>(p); }
KERNEL(256, 4) repack_bf16_f32(const RepackArgs p) { repack<bf16, float>(p); }
KERNEL(256, 4) repack_bf16_f16(const RepackArgs p) { repack<bf16, f16>(p); }
