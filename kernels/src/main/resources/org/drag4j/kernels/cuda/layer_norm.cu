// Normalises each row of x [rows, n]: y = (x - mean) / sqrt(variance + eps) * scale + shift. A warp a row.
#include "prim.cuh"

struct LayerNormArgs {
  const void *x, *scale, *shift;
  void* y;
  int rows, n, ldx, ldy;
  float eps;
};

template <class T>
DEV void layer_norm(const LayerNormArgs& p) {
  const int lane = threadIdx.x % 32, row = blockIdx.x * 4 + threadIdx.x / 32;
  if (row >= p.rows) return;  // a whole warp
  const T* x = static_cast<const T*>(p.x) + (i64)row * p.ldx;
  float v[8], sum = 0.f;
  for (int i = lane * 8; i < p.n; i += 256) {
    load_some(x + i, v, min_of(8, p.n - i));
    for (int j = 0; j < 8; j++) sum += v[j];
  }
  const float mean = warp_sum(sum) / p.n;
  // About the mean: with E[x^2] - E[x]^2 the digits of a small variance would be lost.
  float squares = 0.f;
  for (int i = lane * 8; i < p.n; i += 256) {
    const int count = min_of(8, p.n - i);
    load_some(x + i, v, count);
    for (int j = 0; j < 8; j++) squares += j < count ? (v[j] - mean) * (v[j] - mean) : 0.f;
  }
  const float factor = 1.f / sqrtf(warp_sum(squares) / p.n + p.eps);
  for (int i = lane * 8; i < p.n; i += 256) {
    const int count = min_of(8, p.n - i);
    float scale[8], shift[8];
    load_some(x + i, v, count);
    load_some(static_cast<const T*>(p.scale) + i, scale, count);
    load_some(static_cast<const T*>(p.shift) + i, shift, count);
    for (int j = 0; j < 8; j++) v[j] = (v[j] - mean) * factor * scale[j] + shift[j];
    store_some(static_cast<T*>(p.y) + (i64)row * p.ldy + i, v, count);
  }
}

KERNEL(128, 4) layer_norm_f16(const LayerNormArgs p) { layer_norm<f16>(p); }
KERNEL(128, 4) layer_norm_f32(const LayerNormArgs p) { layer_norm<float>(p); }
