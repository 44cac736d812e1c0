// Attention block by block with a running softmax in base 2, so that the scores are never in memory
// as a whole (Dao et al.: FlashAttention, 2022). q [N, queries, heads * dim]; k and v [N, keys, heads *
// dim].

#define LOWEST (-FLT_MAX)

#if W == 16

// The values of a head as float, transposed: [N * heads, dim, value_stride]. A work-item does 16 keys.
kernel void attention_values(
    global const void *v, long v_at, int v_type, global float *to, long to_at, int to_type, int keys,
    int stride, int dim, int value_stride, int heads) {
  int first = (int)get_global_id(0) * 16;
  long head = get_global_id(1);
  int count = min(16, keys - first);
  long from = v_at + (head / heads * keys + first) * stride + head % heads * dim;
  long at = to_at + head * dim * value_stride + first;
  for (int d = 0; d < dim; d++) {
    for (int i = 0; i < count; i++) {
      to[at + i] = load(v, from + (long)i * stride + d, v_type);
    }
    at += value_stride;
  }
}

// A work-item does one head for PANEL queries, which are the lanes of its vectors: scores are
// K Q^T, the result is V^T P^T, and maxima, sums and powers are operations between vectors.
#define ATTENTION(NAME, PANEL, MULTIPLY) \
  kernel void NAME( \
      global const void *q, long q_at, int q_type, global const float *k, long k_at, int k_type, \
      global const float *values, long values_at, int values_type, global void *y, long y_at, \
      int y_type, int queries, int keys, int stride, int dim, int value_stride, int heads, \
      int key_block, float scale, int causal, local float *query, local float *result, \
      local float *scores) { \
    int start = (int)get_global_id(0) * PANEL; \
    long head = get_global_id(1); \
    int count = min(PANEL, queries - start); \
    long part = head % heads * dim; \
    long token = (head / heads * queries + start) * stride + part; \
    for (int d = 0; d < dim; d++) { \
      for (int i = 0; i < PANEL; i++) { \
        query[d * PANEL + i] = \
            i < count ? load(q, q_at + token + (long)i * stride + d, q_type) * scale : 0; \
      } \
    } \
    global const float *head_keys = k + k_at + head / heads * keys * stride + part; \
    global const float *head_values = values + values_at + head * dim * value_stride; \
    float16 largest[PANEL / 16]; \
    float16 total[PANEL / 16]; \
    for (int j = 0; j < PANEL / 16; j++) { \
      largest[j] = LOWEST; \
      total[j] = 0; \
    } \
    int end = causal ? min(keys, start + count) : keys; \
    for (int from = 0; from < end; from += key_block) { \
      int some = min(key_block, end - from); \
      MULTIPLY(head_keys + (long)from * stride, stride, some, query, dim, scores, 0); \
      if (causal) { \
        for (int r = max(0, start - from); r < some; r++) { \
          for (int i = 0; i < min(PANEL, from - start + r); i++) { \
            scores[r * PANEL + i] = LOWEST; \
          } \
        } \
      } \
      for (int j = 0; j < PANEL / 16; j++) { \
        float16 old = largest[j]; \
        float16 top = old; \
        for (int r = 0; r < some; r++) { \
          top = fmax(top, vload16(j, scores + r * PANEL)); \
        } \
        float16 sum = 0; \
        for (int r = 0; r < some; r++) { \
          float16 e = exp2_v(vload16(j, scores + r * PANEL) - top); \
          vstore16(e, j, scores + r * PANEL); \
          sum += e; \
        } \
        float16 shrink = exp2_v(old - top); \
        largest[j] = top; \
        total[j] = total[j] * shrink + sum; \
        if (from > 0 && any(top > old)) { \
          for (int d = 0; d < dim; d++) { \
            vstore16(vload16(j, result + d * PANEL) * shrink, j, result + d * PANEL); \
          } \
        } \
      } \
      MULTIPLY(head_values + from, value_stride, dim, scores, some, result, from > 0); \
    } \
    float factors[PANEL]; \
    for (int j = 0; j < PANEL / 16; j++) { \
      vstore16(1.0f / total[j], j, factors); \
    } \
    for (int i = 0; i < count; i++) { \
      for (int d = 0; d < dim; d++) { \
        store(result[d * PANEL + i] * factors[i], y, y_at + token + (long)i * stride + d, y_type); \
      } \
    } \
  }
ATTENTION(attention_panel64, 64, multiply64)
ATTENTION(attention_panel16, 16, multiply16)
// Where results are to be exact: each block of keys is a sum of its own.
ATTENTION(attention_panel64_parts, 64, multiply64_parts)
ATTENTION(attention_panel16_parts, 16, multiply16_parts)

#else

#define L 64
#define KEYS 32
#define DEPTH 32
#define MAX_EACH 8

// A work-group of L does one head for `block` queries, at most 16, which with their results stay in
// local memory: query and result [block, dim], scores [block, KEYS].
kernel __attribute__((reqd_work_group_size(L, 1, 1))) void attention_tile(
    global const void *q, long q_at, int q_type, global const void *k, long k_at, int k_type,
    global const void *v, long v_at, int v_type, global void *y, long y_at, int y_type, int queries,
    int keys, int stride, int dim, int heads, int block, float scale, int causal,
    local float *query, local float *result, local float *scores) {
  local float shared[KEYS][DEPTH + 1];
  local float largest[16];
  local float total[16];
  local float shrink[16];
  int me = get_local_id(0);
  int start = (int)get_group_id(0) * block;
  long head = get_group_id(1);
  int count = min(block, queries - start);
  long part = head % heads * dim;
  long token = (head / heads * queries + start) * stride + part;
  long first_key = head / heads * keys;
  for (int e = me; e < block * dim; e += L) {
    int i = e / dim;
    query[e] = i < count ? load(q, q_at + token + (long)i * stride + e % dim, q_type) * scale : 0;
    result[e] = 0;
  }
  if (me < block) {
    largest[me] = LOWEST;
    total[me] = 0;
  }
  int end = causal ? min(keys, start + count) : keys;
  for (int from = 0; from < end; from += KEYS) {
    int some = min(KEYS, end - from);
    float sums[MAX_EACH];
    for (int i = 0; i < MAX_EACH; i++) {
      sums[i] = 0;
    }
    for (int d0 = 0; d0 < dim; d0 += DEPTH) {
      int depth = min(DEPTH, dim - d0);
      barrier(CLK_LOCAL_MEM_FENCE);
      for (int e = me; e < KEYS * DEPTH; e += L) {
        int key = e / DEPTH;
        int d = e % DEPTH;
        shared[key][d] =
            key < some && d < depth
                ? load(k, k_at + (first_key + from + key) * stride + part + d0 + d, k_type)
                : 0;
      }
      barrier(CLK_LOCAL_MEM_FENCE);
      for (int i = 0; i < MAX_EACH; i++) {
        int e = i * L + me;
        int row = e / KEYS;
        if (row < block) {
          float sum = sums[i];
          for (int d = 0; d < depth; d++) {
            sum = fma(query[row * dim + d0 + d], shared[e % KEYS][d], sum);
          }
          sums[i] = sum;
        }
      }
    }
    for (int i = 0; i < MAX_EACH; i++) {
      int e = i * L + me;
      int row = e / KEYS;
      int key = e % KEYS;
      if (row < block) {
        int seen = key < some && !(causal && from + key > start + row);
        scores[e] = seen ? sums[i] : LOWEST;
      }
    }
    barrier(CLK_LOCAL_MEM_FENCE);
#ifdef SUB_GROUPS
    // A sub-group does a row at a time; all do the same number of rows, some of them beyond the end.
    int lanes = get_sub_group_size();
    int lane = get_sub_group_local_id();
    for (int first = 0; first < block; first += get_num_sub_groups()) {
      int row = first + get_sub_group_id();
      int mine = row < block ? some : 0;
      float old = row < block ? largest[row] : LOWEST;
      float top = old;
      for (int i = lane; i < mine; i += lanes) {
        top = fmax(top, scores[row * KEYS + i]);
      }
      top = sub_group_reduce_max(top);
      float sum = 0;
      for (int i = lane; i < mine; i += lanes) {
        float e = exp2_v(scores[row * KEYS + i] - top);
        scores[row * KEYS + i] = e;
        sum += e;
      }
      sum = sub_group_reduce_add(sum);
      if (lane == 0 && row < block) {
        shrink[row] = exp2_v(old - top);
        largest[row] = top;
        total[row] = total[row] * shrink[row] + sum;
      }
    }
#else
    if (me < block) {
      float old = largest[me];
      float top = old;
      for (int i = 0; i < some; i++) {
        top = fmax(top, scores[me * KEYS + i]);
      }
      float sum = 0;
      for (int i = 0; i < some; i++) {
        float e = exp2_v(scores[me * KEYS + i] - top);
        scores[me * KEYS + i] = e;
        sum += e;
      }
      shrink[me] = exp2_v(old - top);
      largest[me] = top;
      total[me] = total[me] * shrink[me] + sum;
    }
#endif
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int e = me; e < block * dim; e += L) {
      int row = e / dim;
      float sum = result[e] * shrink[row];
      long at = v_at + (first_key + from) * stride + part + e % dim;
      for (int i = 0; i < some; i++) {
        sum = fma(scores[row * KEYS + i], load(v, at + (long)i * stride, v_type), sum);
      }
      result[e] = sum;
    }
  }
  barrier(CLK_LOCAL_MEM_FENCE);
  for (int e = me; e < count * dim; e += L) {
    int i = e / dim;
    store(result[e] / total[i], y, y_at + token + (long)i * stride + e % dim, y_type);
  }
}

#endif
