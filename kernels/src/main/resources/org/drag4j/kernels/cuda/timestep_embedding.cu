// Sinusoidal embedding of t [n] to [n, dim] (diffusers: get_timestep_embedding). Angles reach thousands,
// so they are made and brought into one turn in double.
#include "prim.cuh"

struct TimestepEmbeddingArgs {
  const float* t;
  void* y;
  int n, dim, cosine_first;
  float shift;
};

template <class T>
DEV void timestep_embedding(const TimestepEmbeddingArgs& p) {
  const int half = p.dim / 2, i = blockIdx.x * 128 + threadIdx.x;
  if (i >= p.n * p.dim) return;
  const int n = i / p.dim, c = i % p.dim;
  float y = 0.f;  // the last of an odd number
  if (c < 2 * half) {
    const int k = c % half;
    double angle = load(p.t + n) * exp(-9.210340371976184 * k / (half - (double)p.shift));
    angle -= 6.283185307179586 * rint(angle * 0.15915494309189535);
    y = (c < half) == (p.cosine_first != 0) ? cosf((float)angle) : sinf((float)angle);
  }
  store(static_cast<T*>(p.y) + i, y);
}

KERNEL(128, 4) timestep_embedding_f16(const TimestepEmbeddingArgs p) { timestep_embedding<f16>(p); }
KERNEL(128, 4) timestep_embedding_f32(const TimestepEmbeddingArgs p) { timestep_embedding<float>(p); }
