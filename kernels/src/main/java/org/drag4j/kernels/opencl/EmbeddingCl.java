package org.drag4j.kernels.opencl;

import java.lang.foreign.MemorySegment;
import java.util.Optional;
import org.drag4j.device.Bindings;
import org.drag4j.device.Kernel;
import org.drag4j.device.Launch;
import org.drag4j.device.Slot;
import org.drag4j.graph.Op;
import org.drag4j.graph.Value;
import org.drag4j.tensor.DType;
import org.drag4j.tensor.Param;

/** Rows of a table picked by index, and sinusoidal embeddings of timesteps. */
final class EmbeddingCl {
  private static final float MINUS_LOG_MAX_PERIOD = (float) -Math.log(10_000);

  private EmbeddingCl() {}

  /** Empty where the table is not a weight of the checkpoint. */
  static Optional<Kernel> embedding(OpenClContext context, Value node, Variant variant) {
    if (!(node.in(1).op() instanceof Op.Weight(var param)) || node.in(0).dtype() != DType.I32) {
      return Optional.empty();
    }
    return Optional.of(
        new Prepared(
            "embedding_" + context.prefix() + "_" + variant.label(),
            at -> embedding(context, node, param, variant, at)));
  }

  /**
   * The launch throws IllegalArgumentException at an index that the table does not have, before
   * anything is written.
   */
  private static Launch embedding(
      OpenClContext context, Value node, Param param, Variant variant, Bindings at) {
    int columns = node.in(1).shape().dim(1);
    var table = Operands.weights(at).table(param);
    int count = Math.toIntExact(node.in(0).shape().size());
    var ids = Operands.slot(at, node.in(0));
    var pieces = Pieces.of(variant, columns);
    var call =
        Call.of(context, "embedding", variant, "embedding_gather")
            .slot(ids)
            .memory(table.memory())
            .arg(Call.code(table.dtype()))
            .slot(at.slot(node))
            .arg(columns)
            .arg(pieces.run())
            .over(pieces.across(columns), count);
    var values = new int[count];
    return () -> {
      check(node, ids, values);
      call.run();
    };
  }

  private static void check(Value node, Slot ids, int[] values) {
    var tensor = ids.tensor();
    tensor.memory().read(tensor.offset(), MemorySegment.ofArray(values));
    for (int i = 0; i < values.length; i++) {
      Op.Embedding.check(node, i, values[i]);
    }
  }

  static Optional<Kernel> timestep(OpenClContext context, Value node, Variant variant) {
    if (!(node.op() instanceof Op.TimestepEmbedding op)) {
      return Optional.empty();
    }
    return Optional.of(
        new Prepared(
            "timestep_embedding_" + context.prefix() + "_" + variant.label(),
            at -> timestep(context, node, op, variant, at)));
  }

  private static Launch timestep(
      OpenClContext context, Value node, Op.TimestepEmbedding op, Variant variant, Bindings at) {
    int half = op.dim() / 2;
    int sines = op.flipSinToCos() ? half : 0;
    var frequencies =
        Operands.weights(at)
            .constants(
                "frequencies of " + op.dim() + " " + op.freqShift(),
                frequencies(half, op.freqShift()));
    return Call.of(context, "timestep_embedding", variant, "timestep_embedding_row")
            .slot(Operands.slot(at, node.in(0)))
            .memory(frequencies.memory())
            .slot(at.slot(node))
            .arg(op.dim())
            .arg(sines)
            .arg(half - sines)
            .over(half + op.dim() % 2, node.shape().dim(0))
        ::run;
  }

  /** Rounded to F32 where PyTorch rounds. */
  private static float[] frequencies(int half, float shift) {
    var f = new float[half];
    for (int i = 0; i < half; i++) {
      float exponent = MINUS_LOG_MAX_PERIOD * i;
      f[i] = (float) Math.exp(exponent / (half - shift));
    }
    return f;
  }
}
