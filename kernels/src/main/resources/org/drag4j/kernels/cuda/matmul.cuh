// The inner product behind linear layers and convolutions: a block computes one tile of
// y[m, n] = A[m, k] B[k, n], where a Source says where A's and B's elements are.
#pragma once
#include "epilogue.cuh"

struct Product {
  void* y;            // [m, ldy]
  const void* bias;   // [n] or null
  float* partial;     // [batches * splits, m, n] where splits > 1
  Epilogue then;
  int m, n, k, ldy;
  int splits;         // parts the sum over k is cut into, added up by reduce.cu
  float alpha;        // on the sum, before the bias
};

// Eight neighbours of a row of the result, from the whole sums.
template <class T, class Y>
DEV void finish(const Product& p, Y* y, float (&v)[8], int row, int column) {
  const int count = min_of(8, p.n - column);
  float bias[8];
  if (p.bias) load_some(static_cast<const T*>(p.bias) + column, bias, count);
  for (int i = 0; i < 8; i++) v[i] = p.bias ? p.alpha * v[i] + bias[i] : p.alpha * v[i];
  epilogue<T>(p.then, v, count, row, column, p.n);
  store_some(y + (i64)row * p.ldy + column, v, count);
}

// A block's sums, from shared memory [BM, BN + 4] to the result, or to the partial sums of part z.
template <class T, int BM, int BN, int THREADS, class Y>
DEV void put_tile(const Product& p, Y* y, const float* tile, int z) {
#pragma unroll 1
  for (int i = threadIdx.x; i < BM * BN / 8; i += THREADS) {
    const int r = i / (BN / 8), c = i % (BN / 8) * 8;
    const int row = blockIdx.x * BM + r, column = blockIdx.y * BN + c;
    if (row >= p.m || column >= p.n) continue;
    float v[8];
    for (int j = 0; j < 8; j++) v[j] = tile[r * (BN + 4) + c + j];
    if (p.splits > 1) {
      store_some(p.partial + ((i64)z * p.m + row) * p.n + column, v, min_of(8, p.n - column));
    } else {
      finish<T>(p, y, v, row, column);
    }
  }
}

// Tensor cores. T is f16. ALIGNED: eight neighbours along a row of A and B are in memory together,
// at multiples of 16 bytes. B is stored [n, k], or [k, n] where BY_ROWS.
template <int BM, int BN, int WM, int WN, int STAGES>
struct MmaTile {
  static const int BK = 32;
  static const int WARPS = (BM / WM) * (BN / WN);
  static const int THREADS = 32 * WARPS;
  // Strides of eight rows must fall into eight different groups of banks.
  static const int LDK = BK + 8;
  static const int LDN = BN + 8;
  static const int A_SIZE = BM * LDK;
  static const int B_SIZE = BN * LDK > BK * LDN ? BN * LDK : BK * LDN;
  static const int STAGE_BYTES = STAGES * (A_SIZE + B_SIZE) * 2;
  static const int SUM_BYTES = BM * (BN + 4) * 4;
  static const int SHARED_BYTES = STAGE_BYTES > SUM_BYTES ? STAGE_BYTES : SUM_BYTES;

  template <bool ALIGNED, class Fetch>
  static DEV_MEMBER void chunk(u32 to, const Fetch& fetch) {
    if (ALIGNED) {
      bool valid;
      const f16* from = fetch(0, valid);
      copy_async(to, from, valid);
    } else {
      Words x;
      for (int i = 0; i < 4; i++) {
        bool low, high;
        const f16* a = fetch(2 * i, low);
        const f16* b = fetch(2 * i + 1, high);
        x.w[i] = (low ? load_bits(a) : 0) | (u32)(high ? load_bits(b) : 0) << 16;
      }
      store_shared(to, x);
    }
  }

  template <bool ALIGNED, bool BY_ROWS, class Y, class Source>
  static DEV_MEMBER void run(const Product& p, const Source& source, Y* y, int z) {
    SHARED(u16, shared);
    const u32 tile_a = shared_address(shared);
    const u32 tile_b = tile_a + STAGES * A_SIZE * 2;
    const int tid = threadIdx.x, lane = tid & 31, warp = tid >> 5;
    const int m0 = blockIdx.x * BM, n0 = blockIdx.y * BN;
    const int steps = (p.k + BK - 1) / BK;
    const int each = (steps + p.splits - 1) / p.splits;
    const int first = z % p.splits * each;
    const int count = min_of(each, steps - first);

    typename Source::Row rows[BM * 4 / THREADS];
#pragma unroll
    for (int i = 0; i < BM * 4 / THREADS; i++) {
      rows[i] = source.row(m0 + tid / 4 + i * (THREADS / 4));
    }
    auto load_tile = [&](int step, int stage) {
      const int k0 = (first + step) * BK;
      const u32 to_a = tile_a + stage * A_SIZE * 2, to_b = tile_b + stage * B_SIZE * 2;
#pragma unroll
      for (int i = 0; i < BM * 4 / THREADS; i++) {
        int r = tid / 4 + i * (THREADS / 4), k = tid % 4 * 8;
        chunk<ALIGNED>(to_a + (r * LDK + k) * 2,
                       [&](int j, bool& valid) { return source.a(rows[i], k0 + k + j, valid); });
      }
#pragma unroll
      for (int i = 0; i < BN * 4 / THREADS; i++) {
        if (BY_ROWS) {
          int index = tid + i * THREADS, k = index / (BN / 8), n = index % (BN / 8) * 8;
          chunk<ALIGNED>(to_b + (k * LDN + n) * 2,
                         [&](int j, bool& valid) { return source.b(k0 + k, n0 + n + j, valid); });
        } else {
          int n = tid / 4 + i * (THREADS / 4), k = tid % 4 * 8;
          chunk<ALIGNED>(to_b + (n * LDK + k) * 2,
                         [&](int j, bool& valid) { return source.b(k0 + k + j, n0 + n, valid); });
        }
      }
    };

    const int wm = warp % (BM / WM) * WM, wn = warp / (BM / WM) * WN;
    const int lr = lane & 7, lm = lane >> 3;
    float c[WM / 16][WN / 8][4];
#pragma unroll
    for (int i = 0; i < WM / 16; i++)
#pragma unroll
      for (int j = 0; j < WN / 8; j++) c[i][j][0] = c[i][j][1] = c[i][j][2] = c[i][j][3] = 0.f;

#pragma unroll
    for (int s = 0; s < STAGES - 1; s++) {
      if (s < count) load_tile(s, s);
      copy_commit();
    }
    for (int step = 0; step < count; step++) {
      copy_wait<STAGES - 2>();
      sync_block();
      // The stage that everybody left at the last step is filled for STAGES - 1 steps on.
      if (step + STAGES - 1 < count) load_tile(step + STAGES - 1, (step + STAGES - 1) % STAGES);
      copy_commit();
      const u32 a_at = tile_a + step % STAGES * A_SIZE * 2;
      const u32 b_at = tile_b + step % STAGES * B_SIZE * 2;
#pragma unroll
      for (int kk = 0; kk < BK; kk += 16) {
        u32 a[WM / 16][4];
#pragma unroll
        for (int i = 0; i < WM / 16; i++) {
          load_matrix4(a[i], a_at + ((wm + i * 16 + lane % 16) * LDK + kk + lane / 16 * 8) * 2);
        }
#pragma unroll
        for (int j = 0; j < WN / 16; j++) {
          u32 b[4];
          if (BY_ROWS) {
            int k = kk + lm % 2 * 8 + lr, n = wn + j * 16 + lm / 2 * 8;
            load_matrix4_transposed(b, b_at + (k * LDN + n) * 2);
          } else {
            int n = wn + j * 16 + lm / 2 * 8 + lr, k = kk + lm % 2 * 8;
            load_matrix4(b, b_at + (n * LDK + k) * 2);
          }
#pragma unroll
          for (int i = 0; i < WM / 16; i++) {
            mma_k16(c[i][2 * j], a[i], b[0], b[1]);
            mma_k16(c[i][2 * j + 1], a[i], b[2], b[3]);
          }
        }
      }
    }
    copy_wait<0>();

    // The stages are read no more: the sums take their place.
    sync_block();
    float* const tile = reinterpret_cast<float*>(shared);
#pragma unroll
    for (int i = 0; i < WM / 16; i++)
#pragma unroll
      for (int j = 0; j < WN / 8; j++) {
        float* to = tile + (wm + i * 16 + lane / 4) * (BN + 4) + wn + j * 8 + lane % 4 * 2;
        to[0] = c[i][j][0];
        to[1] = c[i][j][1];
        to[8 * (BN + 4)] = c[i][j][2];
        to[8 * (BN + 4) + 1] = c[i][j][3];
      }
    sync_block();
    put_tile<f16, BM, BN, THREADS>(p, y, tile, z);
  }
};

// Plain multiply-adds in single precision; a thread computes 4x4 numbers.
struct FmaTile {
  static const int BM = 64, BN = 64, BK = 16, THREADS = 256;
  static const int LD = BM + 4;
  static const int SHARED_BYTES = BM * (BN + 4) * 4;

  template <class Source>
  static DEV_MEMBER void run(const Product& p, const Source& source, float* y, int z) {
    SHARED(float, tile_a);
    float* const tile_b = tile_a + BK * LD;
    const int tid = threadIdx.x;
    const int m0 = blockIdx.x * BM, n0 = blockIdx.y * BN;
    const int steps = (p.k + BK - 1) / BK;
    const int each = (steps + p.splits - 1) / p.splits;
    const int first = z % p.splits * each;
    const int count = min_of(each, steps - first);
    const int tm = tid % 16 * 4, tn = tid / 16 * 4;

    typename Source::Row rows[4];
#pragma unroll
    for (int i = 0; i < 4; i++) rows[i] = source.row(m0 + tid / 16 + i * 16);
    float c[4][4] = {};
    for (int step = 0; step < count; step++) {
      const int k = tid % 16, at = (first + step) * BK + k;
#pragma unroll
      for (int i = 0; i < 4; i++) {
        bool valid;
        const float* a = source.a(rows[i], at, valid);
        tile_a[k * LD + tid / 16 + i * 16] = valid ? load(a) : 0.f;
        const float* b = source.b(at, n0 + tid / 16 + i * 16, valid);
        tile_b[k * LD + tid / 16 + i * 16] = valid ? load(b) : 0.f;
      }
      sync_block();
#pragma unroll
      for (int kk = 0; kk < BK; kk++) {
        float a[4], b[4];
#pragma unroll
        for (int i = 0; i < 4; i++) {
          a[i] = tile_a[kk * LD + tm + i];
          b[i] = tile_b[kk * LD + tn + i];
        }
#pragma unroll
        for (int i = 0; i < 4; i++)
#pragma unroll
          for (int j = 0; j < 4; j++) c[i][j] += a[i] * b[j];
      }
      sync_block();
    }
#pragma unroll
    for (int i = 0; i < 4; i++)
#pragma unroll
      for (int j = 0; j < 4; j++) tile_a[(tm + i) * (BN + 4) + tn + j] = c[i][j];
    sync_block();
    put_tile<float, BM, BN, THREADS>(p, y, tile_a, z);
  }
};

typedef MmaTile<128, 128, 64, 32, 3> Mma128x128;
typedef MmaTile<64, 64, 32, 32, 4> Mma64x64;
