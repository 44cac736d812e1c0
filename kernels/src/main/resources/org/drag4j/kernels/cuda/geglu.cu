// The first half of each row of x [rows, 2n] times the GELU, with erf, of its second half.
#include "epilogue.cuh"

struct GegluArgs {
  const void* x;
  void* y;                            // [rows, n]
  int rows, n;
};

template <class T>
DEV void geglu(const GegluArgs& p) {
  const int chunks = (p.n + 7) / 8;
  const i64 i = (i64)blockIdx.x * 256 + threadIdx.x;
  if (i >= (i64)p.rows * chunks) return;
  const int row = (int)(i / chunks), c = (int)(i % chunks) * 8, count = min_of(8, p.n - c);
  const T* x = static_cast<const T*>(p.x) + (i64)row * 2 * p.n + c;
  float v[8], gate[8];
  load_some(x, v, count);
  load_some(x + p.n, gate, count);
  for (int j = 0; j < 8; j++) v[j] *= gelu(gate[j]);
  store_some(static_cast<T*>(p.y) + (i64)row * p.n + c, v, count);
}

KERNEL(256, 4) geglu_f16(const GegluArgs p) { geglu<f16>(p); }
KERNEL(256, 4) geglu_f32(const GegluArgs p) { geglu<float>(p); }
