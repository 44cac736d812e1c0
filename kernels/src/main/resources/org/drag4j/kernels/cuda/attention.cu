// Scaled dot-product attention tile by tile with a running softmax (Dao et al.: FlashAttention, 2022):
// y = softmax(q k^T * scale) v, a head's columns next to each other in each token's row. Rows and batches
// may lie any distance apart, so keys and values can be read where they are: in a packed projection, or
// in the bank of an earlier pass, at the step a device counter names. `select` picks the bank token by
// token. `extra` is a second set of keys and values with a softmax of its own, added with a weight
// (IP-Adapter's image tokens).
//
// f16: four warps of 16 or 32 queries each on tensor cores. d40, d64, d80, d160 want rows of exactly that
// head size, 16-byte aligned, a number of keys that fills the tiles, and nothing else; "masked" does the
// rest; "padded" takes any head size up to its own and any alignment as well.
#include "prim.cuh"

struct KeySet {
  const void *k, *v;
  i64 batch_k, batch_v;               // elements from one image to the next
  int ldk, ldv;                       // elements from one token to the next
  int count;                          // keys
  float weight;                       // of this set's result; read for `extra` alone
};

struct AttentionArgs {
  const void* q;
  void* y;
  const u8* select;                   // null, or [keys.count]: not 0 where the bank's token is taken
  const int* step;                    // null, or the step of the bank
  i64 bank_step;                      // elements from one step of the bank to the next
  i64 batch_q, batch_y;
  KeySet keys;                        // the bank itself where there is a step and no `select`
  KeySet extra;                       // k null where there is none
  KeySet bank;                        // read where `select` says so
  int queries, ldq, ldy, dim;
  int causal, heads, images;
  float scale;                        // 1 / sqrt(dim) / ln 2: powers are of two
};

static const float MASKED_SCORE = -1e30f;  // not infinite: its difference to itself must be a number

// A key set as one head of one image sees it.
template <class T>
struct Head {
  const T *k, *v, *bank_k, *bank_v;   // bank: null where no token comes from it
  const u8* select;
  int ldk, ldv, bank_ldk, bank_ldv, count;

  DEV_MEMBER bool banked(int token) const { return bank_k && load_byte(select + token) != 0; }
};

template <class T>
DEV Head<T> head_of(const AttentionArgs& p, const KeySet& set, bool first) {
  const int h = blockIdx.y * p.dim, image = blockIdx.z;
  const i64 step = first && p.step ? load_int(p.step) * p.bank_step : 0;
  const bool picks = first && p.select;
  Head<T> head = {static_cast<const T*>(set.k) + image * set.batch_k + h + (picks ? 0 : step),
                  static_cast<const T*>(set.v) + image * set.batch_v + h + (picks ? 0 : step),
                  nullptr, nullptr, p.select, set.ldk, set.ldv, p.bank.ldk, p.bank.ldv, set.count};
  if (picks) {
    head.bank_k = static_cast<const T*>(p.bank.k) + image * p.bank.batch_k + h + step;
    head.bank_v = static_cast<const T*>(p.bank.v) + image * p.bank.batch_v + h + step;
  }
  return head;
}

// D: head size in registers and shared memory. MT: tiles of 16 queries a warp. BN: keys a tile.
template <int D, int MT, int BN, int STAGES, bool MASKED, bool PADDED>
struct Flash {
  static const int WARPS = 4, THREADS = 32 * WARPS, BM = WARPS * MT * 16;
  static const int C8 = D / 8, K16 = D / 16, NB = BN / 8;
  static const bool K8 = C8 % 2 == 1;  // one half step of k is left over
  // Strides of eight rows must fall into eight different groups of banks.
  static const int LD = D + (K8 ? 0 : 8);
  static const int TILE = BN * LD;
  static const int SHARED_BYTES = 2 * STAGES * TILE * 2;

  // What a pass over the keys does: all at once; maxima and sums alone; results for known maxima.
  enum { ONLINE, STATISTICS, RESULTS };

  const AttentionArgs& p;
  int tid, lane, warp, row0;           // row0: this lane's first query
  u32 tile_k, tile_v;
  u32 q[MT][K16 > 0 ? K16 : 1][4], q8[MT][2];
  float o[MT][C8][4], top[MT][2], sum[MT][2];
  bool causal;                         // of the keys of this pass; the extra ones have no order

  DEV_MEMBER u32 pair_of(const f16* row, bool valid, int c) const {
    if constexpr (PADDED) {
      u32 low = valid && c < p.dim ? load_bits(row + c) : 0;
      u32 high = valid && c + 1 < p.dim ? load_bits(row + c + 1) : 0;
      return low | high << 16;
    } else {
      return valid ? load_pair(row + c) : 0;
    }
  }

  DEV_MEMBER void load_queries() {
    const f16* base =
        static_cast<const f16*>(p.q) + blockIdx.z * p.batch_q + (i64)blockIdx.y * p.dim;
    const int c = lane % 4 * 2;
#pragma unroll
    for (int m = 0; m < MT; m++) {
      const int r = row0 + m * 16;
      const bool v0 = r < p.queries, v1 = r + 8 < p.queries;
      const f16 *x0 = base + (i64)(v0 ? r : 0) * p.ldq, *x1 = base + (i64)(v1 ? r + 8 : 0) * p.ldq;
#pragma unroll
      for (int k = 0; k < K16; k++) {
        q[m][k][0] = pair_of(x0, v0, k * 16 + c);
        q[m][k][1] = pair_of(x1, v1, k * 16 + c);
        q[m][k][2] = pair_of(x0, v0, k * 16 + c + 8);
        q[m][k][3] = pair_of(x1, v1, k * 16 + c + 8);
      }
      if (K8) {
        q8[m][0] = pair_of(x0, v0, K16 * 16 + c);
        q8[m][1] = pair_of(x1, v1, K16 * 16 + c);
      }
    }
  }

  DEV_MEMBER void load_chunk(u32 to, const f16* from, int c, bool valid) const {
    if constexpr (PADDED) {
      Words x;
      for (int i = 0; i < 4; i++) x.w[i] = pair_of(from, valid, c + 2 * i);
      store_shared(to, x);
    } else {
      copy_async(to, from + (valid ? c : 0), valid);
    }
  }

  DEV_MEMBER void load_tile(const Head<f16>& head, int j, int stage) const {
#pragma unroll
    for (int i = 0; i < (BN * C8 + THREADS - 1) / THREADS; i++) {
      const int index = tid + i * THREADS;
      if (BN * C8 % THREADS != 0 && index >= BN * C8) break;
      const int r = index / C8, c = index % C8 * 8, token = j * BN + r;
      const bool valid = !MASKED || token < head.count;
      const i64 t = valid ? token : 0;
      const f16 *k = head.k + t * head.ldk, *v = head.v + t * head.ldv;
      if (MASKED && head.banked((int)t)) {
        k = head.bank_k + t * head.bank_ldk;
        v = head.bank_v + t * head.bank_ldv;
      }
      const u32 at = (stage * TILE + r * LD + c) * 2;
      load_chunk(tile_k + at, k, c, valid);
      load_chunk(tile_v + at, v, c, valid);
    }
  }

  // Scores of BN keys from shared memory at `at`.
  DEV_MEMBER void scores(float (&s)[MT][NB][4], u32 at) const {
    const int lr = lane % 8, lm = lane / 8;
#pragma unroll
    for (int m = 0; m < MT; m++)
#pragma unroll
      for (int n = 0; n < NB; n++) s[m][n][0] = s[m][n][1] = s[m][n][2] = s[m][n][3] = 0.f;
#pragma unroll
    for (int n4 = 0; n4 < NB; n4 += 4) {
#pragma unroll
      for (int k = 0; k < C8 / 4; k++)
#pragma unroll
        for (int n = n4; n < n4 + 4; n++) {
          u32 b[4];
          load_matrix4(b, at + ((n * 8 + lr) * LD + k * 32 + lm * 8) * 2);
#pragma unroll
          for (int m = 0; m < MT; m++) {
            mma_k16(s[m][n], q[m][2 * k], b[0], b[1]);
            mma_k16(s[m][n], q[m][2 * k + 1], b[2], b[3]);
          }
        }
      if (C8 % 4 == 1) {
        u32 b[4];
        load_matrix4(b, at + ((n4 * 8 + lm * 8 + lr) * LD + (C8 - 1) * 8) * 2);
#pragma unroll
        for (int n = 0; n < 4; n++)
#pragma unroll
          for (int m = 0; m < MT; m++) mma_k8(s[m][n4 + n], q8[m][0], q8[m][1], b[n]);
      }
      if (C8 % 4 == 2) {
#pragma unroll
        for (int n = n4; n < n4 + 4; n += 2) {
          u32 b[4];
          load_matrix4(b, at + ((n * 8 + lm / 2 * 8 + lr) * LD + (C8 - 2) * 8 + lm % 2 * 8) * 2);
#pragma unroll
          for (int m = 0; m < MT; m++) {
            mma_k16(s[m][n], q[m][K16 - 1], b[0], b[1]);
            mma_k16(s[m][n + 1], q[m][K16 - 1], b[2], b[3]);
          }
        }
      }
    }
  }

  DEV_MEMBER void mask(float (&s)[MT][NB][4], int j, int count) const {
    // The tile's last key against this lane's first query.
    const bool tail = (j + 1) * BN > count, diagonal = causal && (j + 1) * BN - 1 > row0 - lane / 4;
    if (!tail && !diagonal) return;
#pragma unroll
    for (int m = 0; m < MT; m++)
#pragma unroll
      for (int n = 0; n < NB; n++)
#pragma unroll
        for (int i = 0; i < 4; i++) {
          const int key = j * BN + n * 8 + lane % 4 * 2 + i % 2, row = row0 + m * 16 + i / 2 * 8;
          if (key >= count || (causal && key > row)) s[m][n][i] = MASKED_SCORE;
        }
  }

  // Raises the maxima to this tile's; what was summed is scaled where one moved.
  template <int MODE>
  DEV_MEMBER void raise(const float (&s)[MT][NB][4], int m) {
    float a = top[m][0], b = top[m][1];
#pragma unroll
    for (int n = 0; n < NB; n++) {
      a = fmaxf(a, fmaxf(s[m][n][0], s[m][n][1]));
      b = fmaxf(b, fmaxf(s[m][n][2], s[m][n][3]));
    }
    a = fmaxf(a, shuffle_xor(a, 1));
    a = fmaxf(a, shuffle_xor(a, 2));
    b = fmaxf(b, shuffle_xor(b, 1));
    b = fmaxf(b, shuffle_xor(b, 2));
    if (!warp_any((a > top[m][0]) | (b > top[m][1]))) return;
    const float fa = exp2_fast((top[m][0] - a) * p.scale), fb = exp2_fast((top[m][1] - b) * p.scale);
    sum[m][0] *= fa;
    sum[m][1] *= fb;
    top[m][0] = a;
    top[m][1] = b;
    if constexpr (MODE == ONLINE) {
#pragma unroll
      for (int n = 0; n < C8; n++) {
        o[m][n][0] *= fa;
        o[m][n][1] *= fa;
        o[m][n][2] *= fb;
        o[m][n][3] *= fb;
      }
    }
  }

  template <int MODE>
  DEV_MEMBER void tile(const Head<f16>& head, int j, int stage) {
    float s[MT][NB][4];
    scores(s, tile_k + stage * TILE * 2);
    if (MASKED) mask(s, j, head.count);
    u32 weights[MT][NB][2];            // as the product with the values wants them: rows g and g + 8
#pragma unroll
    for (int m = 0; m < MT; m++) {
      if (MODE != RESULTS) raise<MODE>(s, m);
      const float a = -top[m][0] * p.scale, b = -top[m][1] * p.scale;
#pragma unroll
      for (int n = 0; n < NB; n++) {
        const float e0 = exp2_fast(s[m][n][0] * p.scale + a), e1 = exp2_fast(s[m][n][1] * p.scale + a);
        const float e2 = exp2_fast(s[m][n][2] * p.scale + b), e3 = exp2_fast(s[m][n][3] * p.scale + b);
        if (MODE != RESULTS) {
          sum[m][0] += e0 + e1;
          sum[m][1] += e2 + e3;
        }
        weights[m][n][0] = pack(e0, e1);
        weights[m][n][1] = pack(e2, e3);
      }
    }
    if constexpr (MODE != STATISTICS) add_values(weights, tile_v + stage * TILE * 2);
  }

  // o += weights times the values in shared memory at `at`.
  DEV_MEMBER void add_values(const u32 (&weights)[MT][NB][2], u32 at) {
    const int lr = lane % 8, lm = lane / 8;
#pragma unroll
    for (int k = 0; k < NB / 2; k++) {
      const int r = k * 16 + lm % 2 * 8 + lr;
#pragma unroll
      for (int n = 0; n < C8 / 2; n++) {
        u32 b[4];
        load_matrix4_transposed(b, at + (r * LD + n * 16 + lm / 2 * 8) * 2);
#pragma unroll
        for (int m = 0; m < MT; m++) {
          const u32 a[4] = {weights[m][2 * k][0], weights[m][2 * k][1], weights[m][2 * k + 1][0],
                            weights[m][2 * k + 1][1]};
          mma_k16(o[m][2 * n], a, b[0], b[1]);
          mma_k16(o[m][2 * n + 1], a, b[2], b[3]);
        }
      }
      if (K8) {
        u32 b[2];
        load_matrix2_transposed(b, at + (r * LD + (C8 - 1) * 8) * 2);
#pragma unroll
        for (int m = 0; m < MT; m++) {
          const u32 a[4] = {weights[m][2 * k][0], weights[m][2 * k][1], weights[m][2 * k + 1][0],
                            weights[m][2 * k + 1][1]};
          mma_k16(o[m][C8 - 1], a, b[0], b[1]);
        }
      }
    }
  }

  template <int MODE>
  DEV_MEMBER void pass(const Head<f16>& head) {
    int tiles = (head.count + BN - 1) / BN;
    if (MASKED && causal) tiles = min_of(tiles, ((int)blockIdx.x * BM + BM + BN - 1) / BN);
#pragma unroll
    for (int s = 0; s < STAGES - 1; s++) {
      if (s < tiles) load_tile(head, s, s);
      copy_commit();
    }
    for (int j = 0; j < tiles; j++) {
      copy_wait<STAGES - 2>();
      sync_block();
      // The stage that everybody left at the last tile is filled for STAGES - 1 tiles on.
      if (j + STAGES - 1 < tiles) load_tile(head, j + STAGES - 1, (j + STAGES - 1) % STAGES);
      copy_commit();
      tile<MODE>(head, j, j % STAGES);
    }
    copy_wait<0>();
  }

  DEV_MEMBER void scale_rows(const float (&f)[MT][2]) {
#pragma unroll
    for (int m = 0; m < MT; m++)
#pragma unroll
      for (int n = 0; n < C8; n++)
#pragma unroll
        for (int i = 0; i < 4; i++) o[m][n][i] *= f[m][i / 2];
  }

  DEV_MEMBER void reset() {
#pragma unroll
    for (int m = 0; m < MT; m++) {
      top[m][0] = top[m][1] = MASKED_SCORE;
      sum[m][0] = sum[m][1] = 0.f;
    }
  }

  // Whole rows' sums, from those of the four lanes that share them.
  DEV_MEMBER void join_sums() {
#pragma unroll
    for (int m = 0; m < MT; m++)
#pragma unroll
      for (int i = 0; i < 2; i++) {
        sum[m][i] += shuffle_xor(sum[m][i], 1);
        sum[m][i] += shuffle_xor(sum[m][i], 2);
      }
  }

  DEV_MEMBER void run(u16* shared) {
    tid = threadIdx.x;
    lane = tid % 32;
    warp = tid / 32;
    row0 = blockIdx.x * BM + warp * MT * 16 + lane / 4;
    tile_k = shared_address(shared);
    tile_v = tile_k + STAGES * TILE * 2;
    load_queries();
    reset();
#pragma unroll
    for (int m = 0; m < MT; m++)
#pragma unroll
      for (int n = 0; n < C8; n++) o[m][n][0] = o[m][n][1] = o[m][n][2] = o[m][n][3] = 0.f;
    causal = MASKED && p.causal;
    pass<ONLINE>(head_of<f16>(p, p.keys, true));
    join_sums();
    float f[MT][2];
#pragma unroll
    for (int m = 0; m < MT; m++)
#pragma unroll
      for (int i = 0; i < 2; i++) f[m][i] = 1.f / sum[m][i];
    if (MASKED && p.extra.k && p.extra.weight != 0.f) {
      // The second set's sums are found first; with them the first result is put on the same footing,
      // and one set of registers holds both.
      scale_rows(f);
      causal = false;
      const Head<f16> extra = head_of<f16>(p, p.extra, false);
      reset();
      sync_block();
      pass<STATISTICS>(extra);
      join_sums();
#pragma unroll
      for (int m = 0; m < MT; m++)
#pragma unroll
        for (int i = 0; i < 2; i++) f[m][i] = sum[m][i] / p.extra.weight;
      scale_rows(f);
      sync_block();
      pass<RESULTS>(extra);
#pragma unroll
      for (int m = 0; m < MT; m++)
#pragma unroll
        for (int i = 0; i < 2; i++) f[m][i] = p.extra.weight / sum[m][i];
    }
    scale_rows(f);

    f16* y = static_cast<f16*>(p.y) + blockIdx.z * p.batch_y + (i64)blockIdx.y * p.dim;
#pragma unroll
    for (int m = 0; m < MT; m++)
#pragma unroll
      for (int n = 0; n < C8; n++)
#pragma unroll
        for (int i = 0; i < 2; i++) {
          const int row = row0 + m * 16 + i * 8, c = n * 8 + lane % 4 * 2;
          if (row >= p.queries) continue;
          f16* to = y + (i64)row * p.ldy + c;
          if (!PADDED) {
            store_pair(to, pack(o[m][n][2 * i], o[m][n][2 * i + 1]));
          } else {
            if (c < p.dim) store(to, o[m][n][2 * i]);
            if (c + 1 < p.dim) store(to + 1, o[m][n][2 * i + 1]);
          }
        }
  }
};

// Single precision: a warp has four queries, a lane one key of a tile and every 32nd column of the
// result.
template <int D>
struct FlashFloat {
  static const int WARPS = 4, QUERIES = 4, BM = WARPS * QUERIES, BN = 32, THREADS = 32 * WARPS;
  static const int NC = D / 32, LD = D + 1;
  static const int SHARED_BYTES = (2 * BN * LD + BM * D + BM * BN) * 4;

  static DEV_MEMBER void run(const AttentionArgs& p, float* shared) {
    float *const tile_k = shared, *const tile_v = tile_k + BN * LD;
    float* const q = tile_v + BN * LD;  // [BM][D]
    float* const weights = q + BM * D;  // [BM][BN]
    const int tid = threadIdx.x, lane = tid % 32, warp = tid / 32;
    const int m0 = blockIdx.x * BM, row0 = m0 + warp * QUERIES;
    const i64 h = (i64)blockIdx.y * p.dim;
    const float* from = static_cast<const float*>(p.q) + blockIdx.z * p.batch_q + h;
    for (int i = tid; i < BM * D; i += THREADS) {
      const int r = i / D, c = i % D;
      const bool valid = m0 + r < p.queries && c < p.dim;
      q[i] = valid ? load(from + (i64)(m0 + r) * p.ldq + c) : 0.f;
    }
    float result[QUERIES][NC] = {};
#pragma unroll 1
    for (int set = 0; set < (p.extra.k && p.extra.weight != 0.f ? 2 : 1); set++) {
      const Head<float> head = head_of<float>(p, set == 0 ? p.keys : p.extra, set == 0);
      float o[QUERIES][NC] = {}, top[QUERIES], sum[QUERIES];
#pragma unroll
      for (int i = 0; i < QUERIES; i++) {
        top[i] = MASKED_SCORE;
        sum[i] = 0.f;
      }
      for (int k0 = 0; k0 < head.count; k0 += BN) {
        sync_block();
        for (int i = tid; i < BN * D; i += THREADS) {
          const int r = i / D, c = i % D, token = k0 + r;
          const bool valid = token < head.count && c < p.dim;
          const bool bank = valid && head.banked(token);
          const float* k = bank ? head.bank_k + (i64)token * head.bank_ldk : head.k + (i64)token * head.ldk;
          const float* v = bank ? head.bank_v + (i64)token * head.bank_ldv : head.v + (i64)token * head.ldv;
          tile_k[r * LD + c] = valid ? load(k + c) : 0.f;
          tile_v[r * LD + c] = valid ? load(v + c) : 0.f;
        }
        sync_block();
        float s[QUERIES] = {};
        for (int c = 0; c < D; c++) {
          const float k = tile_k[lane * LD + c];
#pragma unroll
          for (int i = 0; i < QUERIES; i++) s[i] += q[(warp * QUERIES + i) * D + c] * k;
        }
#pragma unroll
        for (int i = 0; i < QUERIES; i++) {
          const int key = k0 + lane;
          if (key >= head.count || (p.causal && set == 0 && key > row0 + i)) s[i] = MASKED_SCORE;
          const float t = fmaxf(top[i], warp_max(s[i])), f = exp2f((top[i] - t) * p.scale);
          const float e = exp2f((s[i] - t) * p.scale);
          top[i] = t;
          sum[i] = sum[i] * f + warp_sum(e);
          weights[(warp * QUERIES + i) * BN + lane] = e;
#pragma unroll
          for (int c = 0; c < NC; c++) o[i][c] *= f;
        }
        sync_warp();
        for (int j = 0; j < BN; j++) {
#pragma unroll
          for (int c = 0; c < NC; c++) {
            const float v = tile_v[j * LD + c * 32 + lane];
#pragma unroll
            for (int i = 0; i < QUERIES; i++) o[i][c] += weights[(warp * QUERIES + i) * BN + j] * v;
          }
        }
      }
#pragma unroll
      for (int i = 0; i < QUERIES; i++)
#pragma unroll
        for (int c = 0; c < NC; c++) {
          const float x = o[i][c] / sum[i];
          result[i][c] += set == 0 ? x : p.extra.weight * x;
        }
    }
    float* y = static_cast<float*>(p.y) + blockIdx.z * p.batch_y + h;
#pragma unroll
    for (int i = 0; i < QUERIES; i++)
#pragma unroll
      for (int c = 0; c < NC; c++) {
        if (row0 + i < p.queries && c * 32 + lane < p.dim) {
          store(y + (i64)(row0 + i) * p.ldy + c * 32 + lane, result[i][c]);
        }
      }
  }
};

template <class F>
DEV void flash(const AttentionArgs& p) {
  SHARED(u16, shared);
  F f{p};
  f.run(shared);
}

#define FLASH(name, D, MT, BN, STAGES, MASKED, PADDED) \
  KERNEL(128, 1) name(const AttentionArgs p) { flash<Flash<D, MT, BN, STAGES, MASKED, PADDED>>(p); }

FLASH(attention_f16_flash_d40, 40, 2, 64, 3, false, false)
FLASH(attention_f16_flash_d40_masked, 40, 2, 64, 3, true, false)
FLASH(attention_f16_flash_d40_padded, 40, 1, 64, 3, true, true)
FLASH(attention_f16_flash_d64, 64, 1, 64, 3, false, false)
FLASH(attention_f16_flash_d64_masked, 64, 1, 64, 3, true, false)
FLASH(attention_f16_flash_d64_padded, 64, 1, 64, 3, true, true)
FLASH(attention_f16_flash_d80, 80, 1, 64, 3, false, false)
FLASH(attention_f16_flash_d80_masked, 80, 1, 64, 3, true, false)
FLASH(attention_f16_flash_d80_padded, 80, 1, 64, 3, true, true)
FLASH(attention_f16_flash_d160, 160, 1, 32, 3, false, false)
FLASH(attention_f16_flash_d160_masked, 160, 1, 32, 3, true, false)
FLASH(attention_f16_flash_d160_padded, 160, 1, 32, 3, true, true)

KERNEL(128, 2) attention_f32_flash_d64(const AttentionArgs p) {
  SHARED(float, shared);
  FlashFloat<64>::run(p, shared);
}
KERNEL(128, 2) attention_f32_flash_d160(const AttentionArgs p) {
  SHARED(float, shared);
  FlashFloat<160>::run(p, shared);
}
