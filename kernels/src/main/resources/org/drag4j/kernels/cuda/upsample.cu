// Nearest-neighbour resize of x [N, height, width, C] to [N, out_height, out_width, C], to the pixels
// PyTorch takes (nearest_idx in aten/native/UpSample.h): the product of float and integer there falls
// below some whole numbers, so i * in / out in integers would differ.
#include "prim.cuh"

struct UpsampleArgs {
  const void* x;
  void* y;
  int images, height, width, channels, out_height, out_width;
};

DEV int upsample_from(int i, int in, int out) {
  if (out == 2 * in) return i / 2;
  return min_of((int)mul_rn((float)i, (float)in / (float)out), in - 1);
}

template <class T>
DEV void upsample(const UpsampleArgs& p) {
  const int chunks = (p.channels + 7) / 8;
  const i64 i = (i64)blockIdx.x * 256 + threadIdx.x, pixel = i / chunks;
  if (pixel >= (i64)p.images * p.out_height * p.out_width) return;
  const int c = (int)(i % chunks) * 8, count = min_of(8, p.channels - c);
  const int ox = (int)(pixel % p.out_width), oy = (int)(pixel / p.out_width % p.out_height);
  const i64 image = pixel / p.out_width / p.out_height;
  const i64 from = (image * p.height + upsample_from(oy, p.height, p.out_height)) * p.width +
                   upsample_from(ox, p.width, p.out_width);
  float v[8];
  load_some(static_cast<const T*>(p.x) + from * p.channels + c, v, count);
  store_some(static_cast<T*>(p.y) + pixel * p.channels + c, v, count);
}

KERNEL(256, 4) upsample_f16(const UpsampleArgs p) { upsample<f16>(p); }
KERNEL(256, 4) upsample_f32(const UpsampleArgs p) { upsample<float>(p); }
