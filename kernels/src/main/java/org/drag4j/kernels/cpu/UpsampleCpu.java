package org.drag4j.kernels.cpu;

import org.drag4j.device.Bindings;
import org.drag4j.device.Kernel;
import org.drag4j.device.Launch;
import org.drag4j.graph.Value;

/** Nearest-neighbour resize. */
final class UpsampleCpu implements Kernel {
  private final CpuContext context;
  private final Value node;

  UpsampleCpu(CpuContext context, Value node) {
    this.context = context;
    this.node = node;
  }

  @Override
  public String name() {
    return "upsample_f32_row";
  }

  /**
   * For each of {@code out} places the one of {@code in} that PyTorch takes ({@code nearest_idx} in
   * aten/native/UpSample.h): at other ratios than 1 and 2 the float product there falls below some
   * whole numbers, so {@code i * in / out} in integers would differ.
   */
  static int[] sources(int in, int out) {
    var source = new int[out];
    float scale = (float) in / out;
    for (int i = 0; i < out; i++) {
      source[i] = out == 2 * in ? i >> 1 : Math.min((int) (i * scale), in - 1);
    }
    return source;
  }

  @Override
  public Launch bind(Bindings at) {
    var from = node.in(0).shape();
    int height = node.shape().dim(1);
    int width = node.shape().dim(2);
    int channels = node.shape().dim(3);
    var rows = sources(from.dim(1), height);
    var columns = sources(from.dim(2), width);
    int fromRow = from.dim(2) * channels;
    var x = Place.of(at, node.in(0));
    var y = Place.of(at, node);
    int tasks = node.shape().dim(0) * height;
    Workers.Task task =
        (index, _) -> {
          int row = index / height * from.dim(1) + rows[index % height];
          int start = x.start() + row * fromRow;
          int to = y.start() + index * width * channels;
          for (int c : columns) {
            System.arraycopy(x.floats(), start + c * channels, y.floats(), to, channels);
            to += channels;
          }
        };
    return () -> {
      x.lookUp();
      y.lookUp();
      context.workers().run(tasks, task);
    };
  }
}
