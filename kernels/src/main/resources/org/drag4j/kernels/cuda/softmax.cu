// Softmax of every row of x [rows, n], a block a row, in single precision inside.
#include "prim.cuh"

struct SoftmaxArgs {
  const void* x;
  void* y;
  int rows, n, ldx, ldy;
};

static const int THREADS = 256;

// The sum or maximum over the block, in every thread.
template <bool MAX>
DEV float over_block(float x, float* parts) {
  x = MAX ? warp_max(x) : warp_sum(x);
  sync_block();
  if (threadIdx.x % 32 == 0) parts[threadIdx.x / 32] = x;
  sync_block();
  x = parts[0];
  for (int i = 1; i < THREADS / 32; i++) x = MAX ? fmaxf(x, parts[i]) : x + parts[i];
  return x;
}

template <class X, class Y>
DEV void softmax(const SoftmaxArgs& p) {
  SHARED(float, parts);
  const X* x = static_cast<const X*>(p.x) + (i64)blockIdx.x * p.ldx;
  Y* y = static_cast<Y*>(p.y) + (i64)blockIdx.x * p.ldy;
  float v[8], top = -3.4e38f;
  for (int i = threadIdx.x * 8; i < p.n; i += THREADS * 8) {
    const int count = min_of(8, p.n - i);
    load_some(x + i, v, count);
    for (int j = 0; j < 8; j++) top = j < count ? fmaxf(top, v[j]) : top;
  }
  top = over_block<true>(top, parts);
  float sum = 0.f;
  for (int i = threadIdx.x * 8; i < p.n; i += THREADS * 8) {
    const int count = min_of(8, p.n - i);
    load_some(x + i, v, count);
    for (int j = 0; j < 8; j++) sum += j < count ? expf(v[j] - top) : 0.f;
  }
  const float inverse = 1.f / over_block<false>(sum, parts);
  for (int i = threadIdx.x * 8; i < p.n; i += THREADS * 8) {
    const int count = min_of(8, p.n - i);
    load_some(x + i, v, count);
    for (int j = 0; j < 8; j++) v[j] = expf(v[j] - top) * inverse;
    store_some(y + i, v, count);
  }
}

KERNEL(256, 4) softmax_f16(const SoftmaxArgs p) { softmax<f16, f16>(p); }
KERNEL(256, 4) softmax_f32(const SoftmaxArgs p) { softmax<float, float>(p); }
KERNEL(256, 4) softmax_f32_f16(const SoftmaxArgs p) { softmax<float, f16>(p); }
