// Rows of table [vocabulary, n] picked by ids [count]. An id outside the table gives NaN, which no later
// result hides.
#include "prim.cuh"

struct EmbeddingArgs {
  const int* ids;
  const void* table;
  void* y;                            // [count, n]
  int count, vocabulary, n;
};

template <class T>
DEV void embedding(const EmbeddingArgs& p) {
  const int chunks = (p.n + 7) / 8;
  const i64 i = (i64)blockIdx.x * 256 + threadIdx.x, row = i / chunks;
  if (row >= p.count) return;
  const int c = (int)(i % chunks) * 8, count = min_of(8, p.n - c), id = load_int(p.ids + row);
  float v[8];
  if ((u32)id < (u32)p.vocabulary) {
    load_some(static_cast<const T*>(p.table) + (i64)id * p.n + c, v, count);
  } else {
    for (int j = 0; j < 8; j++) v[j] = float_of(0x7fc00000u);
  }
  store_some(static_cast<T*>(p.y) + row * p.n + c, v, count);
}

KERNEL(256, 4) embedding_f16(const EmbeddingArgs p) { embedding<f16>(p); }
KERNEL(256, 4) embedding_f32(const EmbeddingArgs p) { embedding<float>(p); }
