// Adds up the partial sums of a product whose k was split, always in the same order, and finishes it.
#include "matmul.cuh"

struct ReduceArgs {
  Product p;
  i64 batch_y;                        // elements from one matrix to the next
  int batches;
};

template <class T>
DEV void reduce(const ReduceArgs& args) {
  const Product& p = args.p;
  const int chunks = (p.n + 7) / 8;
  const i64 size = (i64)p.m * p.n, i = (i64)blockIdx.x * 256 + threadIdx.x;
  if (i >= (i64)p.m * chunks) return;
  const int row = (int)(i / chunks), column = (int)(i % chunks) * 8;
  const float* from = p.partial + blockIdx.y * p.splits * size + (i64)row * p.n + column;
  float v[8] = {};
  for (int s = 0; s < p.splits; s++) {
    float w[8];
    load_some(from + s * size, w, min_of(8, p.n - column));
    for (int j = 0; j < 8; j++) v[j] += w[j];
  }
  finish<T>(p, static_cast<T*>(p.y) + blockIdx.y * args.batch_y, v, row, column);
}

KERNEL(256, 2) reduce_f16(const ReduceArgs p) { reduce<f16>(p); }
KERNEL(256, 2) reduce_f32(const ReduceArgs p) { reduce<float>(p); }
