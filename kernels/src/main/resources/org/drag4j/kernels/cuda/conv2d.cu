// 2-D convolution of x [N, H, W, I] with w [O, kh, kw, I] as an implicit matrix product: rows are output
// pixels, k runs over taps and channels. The first channels come from x, the others from x2, so that
// joined inputs need not be copied together. "any" takes channels of any number and alignment; the
// others want multiples of 8 and 16-byte aligned rows.
#include "matmul.cuh"

struct Conv2dArgs {
  Product p;                          // m = N * out_height * out_width, k = kh * kw * channels
  const void *x, *x2, *w;
  int ldx, ldx2;                      // elements from one pixel to the next
  int height, width, channels, channels1;
  int kernel_height, kernel_width, stride, pad_top, pad_left;
  int out_height, out_width;
};

template <class T>
struct Conv2dSource {
  struct Row {
    i64 image;                        // pixels before this image
    int y, x;                         // of the first tap; outside where the row is not valid
  };
  const Conv2dArgs& p;

  DEV_MEMBER Row row(int m) const {
    if (m >= p.p.m) return {0, -(1 << 20), 0};
    int ox = m % p.out_width, rest = m / p.out_width;
    int oy = rest % p.out_height, n = rest / p.out_height;
    return {(i64)n * p.height * p.width, oy * p.stride - p.pad_top, ox * p.stride - p.pad_left};
  }
  DEV_MEMBER const T* a(const Row& row, int k, bool& valid) const {
    int tap = k / p.channels, c = k - tap * p.channels;
    int ky = tap / p.kernel_width, y = row.y + ky, x = row.x + tap - ky * p.kernel_width;
    valid = k < p.p.k && (u32)y < (u32)p.height && (u32)x < (u32)p.width;
    if (!valid) return static_cast<const T*>(p.x);
    i64 pixel = row.image + (i64)y * p.width + x;
    return c < p.channels1 ? static_cast<const T*>(p.x) + pixel * p.ldx + c
                           : static_cast<const T*>(p.x2) + pixel * p.ldx2 + (c - p.channels1);
  }
  DEV_MEMBER const T* b(int k, int column, bool& valid) const {
    valid = k < p.p.k && column < p.p.n;
    return static_cast<const T*>(p.w) + (valid ? (i64)column * p.p.k + k : 0);
  }
};

template <class Tile, bool ALIGNED>
DEV void conv2d_mma(const Conv2dArgs& p) {
  Tile::template run<ALIGNED, false>(p.p, Conv2dSource<f16>{p}, static_cast<f16*>(p.p.y), blockIdx.z);
}

KERNEL(256, 1) conv2d_f16_mma_128x128(const Conv2dArgs p) { conv2d_mma<Mma128x128, true>(p); }
KERNEL(128, 2) conv2d_f16_mma_64x64(const Conv2dArgs p) { conv2d_mma<Mma64x64, true>(p); }
KERNEL(128, 2) conv2d_f16_mma_any(const Conv2dArgs p) { conv2d_mma<Mma64x64, false>(p); }
KERNEL(256, 2) conv2d_f32_fma_64x64(const Conv2dArgs p) {
  FmaTile::run(p.p, Conv2dSource<float>{p}, static_cast<float*>(p.p.y), blockIdx.z);
}
