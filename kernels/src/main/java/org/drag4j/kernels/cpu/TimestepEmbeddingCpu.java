package org.drag4j.kernels.cpu;

import org.drag4j.device.Bindings;
import org.drag4j.device.Kernel;
import org.drag4j.device.Launch;
import org.drag4j.graph.Op;
import org.drag4j.graph.Value;

/** Sines and cosines of timesteps, rounded to F32 where PyTorch rounds. */
final class TimestepEmbeddingCpu implements Kernel {
  private static final float MINUS_LOG_MAX_PERIOD = (float) -Math.log(10_000);

  private final CpuContext context;
  private final Value node;
  private final Op.TimestepEmbedding op;

  TimestepEmbeddingCpu(CpuContext context, Value node) {
    this.context = context;
    this.node = node;
    this.op = (Op.TimestepEmbedding) node.op();
  }

  @Override
  public String name() {
    return "timestep_embedding_f32_row";
  }

  private static float[] frequencies(int half, float shift) {
    var f = new float[half];
    for (int i = 0; i < half; i++) {
      float exponent = MINUS_LOG_MAX_PERIOD * i;
      f[i] = (float) Math.exp(exponent / (half - shift));
    }
    return f;
  }

  @Override
  public Launch bind(Bindings at) {
    int dim = op.dim();
    int half = dim / 2;
    var frequencies = frequencies(half, op.freqShift());
    int sines = op.flipSinToCos() ? half : 0;
    int cosines = half - sines;
    var t = Place.of(at, node.in(0));
    var y = Place.of(at, node);
    int tasks = node.shape().dim(0);
    Workers.Task task =
        (index, _) -> {
          float time = t.floats()[t.start() + index];
          var to = y.floats();
          int start = y.start() + index * dim;
          for (int i = 0; i < half; i++) {
            float angle = time * frequencies[i];
            to[start + sines + i] = (float) Math.sin(angle);
            to[start + cosines + i] = (float) Math.cos(angle);
          }
          if (dim % 2 != 0) {
            to[start + dim - 1] = 0;
          }
        };
    return () -> {
      t.lookUp();
      y.lookUp();
      context.workers().run(tasks, task);
    };
  }
}
