// Group norm over channels-last images in two kernels: statistics of slabs of positions, then the merge
// and the result with the activation after it. The first channels come from x, the others from x2, so
// that joined inputs need not be copied together.
#include "epilogue.cuh"

struct GroupNormArgs {
  const void *x, *x2, *scale, *shift;
  void* y;                            // [images, positions, channels]
  float* moments;                     // [images, slabs, groups, 2]: mean, sum of squares about it
  int images, positions, channels, channels1;
  int ldx, ldx2;                      // elements from one position to the next
  int groups, slabs;
  float eps;
  int fn;
};

static const int THREADS = 256;

template <class T>
DEV const T* group_norm_at(const GroupNormArgs& p, int image, int position, int c) {
  const i64 at = (i64)image * p.positions + position;
  return c < p.channels1 ? static_cast<const T*>(p.x) + at * p.ldx + c
                         : static_cast<const T*>(p.x2) + at * p.ldx2 + (c - p.channels1);
}

// How many of the eight channels from c on are there and in the same source.
DEV int group_norm_count(const GroupNormArgs& p, int c) {
  return min_of(8, (c < p.channels1 ? p.channels1 : p.channels) - c);
}

// Eight channels from c on, wherever they are.
template <class T>
DEV void group_norm_load(const GroupNormArgs& p, int image, int position, int c, float (&v)[8]) {
  const int count = group_norm_count(p, c);
  if (c + count == p.channels || count == 8) {
    load_some(group_norm_at<T>(p, image, position, c), v, count);
  } else {
    for (int j = 0; j < 8; j++) {
      v[j] = c + j < p.channels ? load(group_norm_at<T>(p, image, position, c + j)) : 0.f;
    }
  }
}

// A thread sums eight channels over its share of the slab's positions, about the slab's first position
// so that no digits are lost where the mean is large.
template <class T>
DEV void group_norm_moments(const GroupNormArgs& p) {
  SHARED(float, mean);                 // [channels]
  float* const square = mean + p.channels;
  float* const parts = square + p.channels;  // [2][8 * THREADS]
  const int tid = threadIdx.x, slab = blockIdx.x, image = blockIdx.y;
  const int each = (p.positions + p.slabs - 1) / p.slabs;
  const int first = min_of(slab * each, p.positions), count = min_of(each, p.positions - first);
  if (count > 0) {  // the whole block
    const int chunks = (p.channels + 7) / 8;
    const int wide = min_of(chunks, THREADS), lines = THREADS / wide;
    for (int chunk0 = 0; chunk0 < chunks; chunk0 += wide) {
      const int line = tid / wide, chunk = chunk0 + tid % wide, c = chunk * 8;
      const bool works = line < lines && chunk < chunks;
      float about[8] = {}, sum[8] = {}, squares[8] = {};
      if (works) {
        group_norm_load<T>(p, image, first, c, about);
        for (int r = line; r < count; r += lines) {
          float v[8];
          group_norm_load<T>(p, image, first + r, c, v);
          for (int j = 0; j < 8; j++) {
            const float d = v[j] - about[j];
            sum[j] += d;
            squares[j] += d * d;
          }
        }
      }
      sync_block();
      if (works) {
        for (int j = 0; j < 8; j++) {
          parts[tid * 8 + j] = sum[j];
          parts[8 * THREADS + tid * 8 + j] = squares[j];
        }
      }
      sync_block();
      if (works && line == 0) {
        for (int j = 0; j < 8; j++) {
          for (int l = 1; l < lines; l++) {
            sum[j] += parts[(l * wide + tid) * 8 + j];
            squares[j] += parts[8 * THREADS + (l * wide + tid) * 8 + j];
          }
          if (c + j < p.channels) {
            const float m = sum[j] / count;
            mean[c + j] = about[j] + m;
            square[c + j] = squares[j] - sum[j] * m;
          }
        }
      }
    }
  }
  sync_block();
  const int lane = tid % 32, width = p.channels / p.groups;
  for (int g = tid / 32; g < p.groups; g += THREADS / 32) {
    float m = 0.f, s = 0.f;
    if (count > 0) {
      for (int c = lane; c < width; c += 32) m += mean[g * width + c];
      m = warp_sum(m) / width;
      for (int c = lane; c < width; c += 32) {
        const float d = mean[g * width + c] - m;
        s += square[g * width + c] + count * d * d;
      }
      s = warp_sum(s);
    }
    if (lane == 0) {
      float* to = p.moments + (((i64)image * p.slabs + slab) * p.groups + g) * 2;
      store(to, m);
      store(to + 1, s);
    }
  }
}

template <class T>
DEV void group_norm_apply(const GroupNormArgs& p) {
  SHARED(float, center);               // [channels]
  float* const scale = center + p.channels;
  float* const shift = scale + p.channels;
  const int tid = threadIdx.x, lane = tid % 32, image = blockIdx.y;
  const int width = p.channels / p.groups, each = (p.positions + p.slabs - 1) / p.slabs;
  for (int g = tid / 32; g < p.groups; g += THREADS / 32) {
    // Chan, Golub, LeVeque: Updating formulae and a pairwise algorithm for sample variances, 1979.
    const float* from = p.moments + ((i64)image * p.slabs * p.groups + g) * 2;
    float m = 0.f, s = 0.f;
    for (int i = lane; i < p.slabs; i += 32) {
      const int count = min_of(each, p.positions - min_of(i * each, p.positions));
      m += load(from + (i64)i * p.groups * 2) * ((float)count / p.positions);
    }
    m = warp_sum(m);
    for (int i = lane; i < p.slabs; i += 32) {
      const int count = min_of(each, p.positions - min_of(i * each, p.positions));
      const float d = load(from + (i64)i * p.groups * 2) - m;
      s += load(from + (i64)i * p.groups * 2 + 1) + d * d * count * width;
    }
    s = warp_sum(s);
    const float factor = 1.f / sqrtf(s / ((float)p.positions * width) + p.eps);
    for (int c = g * width + lane; c < (g + 1) * width; c += 32) {
      center[c] = m;
      scale[c] = factor * load(static_cast<const T*>(p.scale) + c);
      shift[c] = load(static_cast<const T*>(p.shift) + c);
    }
  }
  sync_block();
  const int chunks = (p.channels + 7) / 8;
  const i64 all = (i64)p.positions * chunks, stride = (i64)gridDim.x * THREADS;
#pragma unroll 1
  for (i64 i = (i64)blockIdx.x * THREADS + tid; i < all; i += stride) {
    const int position = (int)(i / chunks), c = (int)(i % chunks) * 8;
    float v[8];
    group_norm_load<T>(p, image, position, c, v);
    for (int j = 0; j < 8; j++) {
      const int at = min_of(c + j, p.channels - 1);
      v[j] = activate(p.fn, (v[j] - center[at]) * scale[at] + shift[at]);
    }
    T* y = static_cast<T*>(p.y) + ((i64)image * p.positions + position) * p.channels + c;
    store_some(y, v, min_of(8, p.channels - c));
  }
}

KERNEL(256, 2) group_norm_moments_f16(const GroupNormArgs p) { group_norm_moments<f16>(p); }
KERNEL(256, 2) group_norm_moments_f32(const GroupNormArgs p) { group_norm_moments<float>(p); }
KERNEL(256, 2) group_norm_apply_f16(const GroupNormArgs p) { group_norm_apply<f16>(p); }
KERNEL(256, 2) group_norm_apply_f32(const GroupNormArgs p) { group_norm_apply<float>(p); }
