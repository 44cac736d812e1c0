package org.drag4j.report;

import java.util.Optional;
import org.drag4j.device.Backend;
import org.drag4j.device.DeviceWeights;
import org.drag4j.graph.Graph;
import org.drag4j.graph.Hook;
import org.drag4j.plan.Plan;
import org.drag4j.plan.PlanOptions;
import org.drag4j.tensor.DType;
import org.drag4j.tensor.Shape;
import org.drag4j.tensor.Weights;
import org.drag4j.trace.Trace;
import org.drag4j.vae.AutoencoderKL;
import org.drag4j.weights.Component;

/** The autoencoder both ways, on recorded pictures and latents of any size. */
record ParityVae(Backend backend, PlanOptions options, ParityTolerance tolerance, ParityRows rows) {
  private static final String IMAGE = "image";
  private static final String MOMENTS = "moments";
  private static final String MODE = "mode";
  private static final String LATENT = "z";
  private static final String DECODED = "decoded";

  /**
   * Compares an autoencoder with the recordings.
   *
   * @param rowsOf what the names of the rows begin with
   */
  void check(ParityFile file, Component part, String rowsOf, Optional<ParityFile> truth) {
    var network = AutoencoderKL.load(Weights.of(part.weights()), part.config());
    var config = network.config();
    try (var weights = backend.weights(part.weights())) {
      int factor = config.factor();
      if (!file.hasRank(IMAGE, 4)
          || file.shape(IMAGE).dim(1) != config.inChannels()
          || file.shape(IMAGE).dim(2) % factor != 0
          || file.shape(IMAGE).dim(3) % factor != 0) {
        var note =
            "%s: expected [N, %d, H, W], sides multiples of %d"
                .formatted(IMAGE, config.inChannels(), factor);
        rows.fail(file, MOMENTS, row(rowsOf, MOMENTS), tolerance.network(), note);
        rows.fail(file, MODE, row(rowsOf, MODE), tolerance.network(), note);
      } else {
        var moments = run(network, weights, file, IMAGE, true);
        close(file, MOMENTS, row(rowsOf, MOMENTS), moments);
        var mode = moments.firstChannels(config.latentChannels());
        close(file, MODE, row(rowsOf, MODE), mode);
        truth.ifPresent(t -> close(t, "vae." + MOMENTS, t.row("vae." + MOMENTS), moments));
      }
      if (!file.hasRank(LATENT, 4) || file.shape(LATENT).dim(1) != config.latentChannels()) {
        rows.fail(
            file,
            DECODED,
            row(rowsOf, DECODED),
            tolerance.network(),
            "%s: expected [N, %d, h, w]".formatted(LATENT, config.latentChannels()));
      } else {
        var decoded = run(network, weights, file, LATENT, false);
        close(file, DECODED, row(rowsOf, DECODED), decoded);
        truth.ifPresent(t -> close(t, "vae." + DECODED, t.row("vae." + DECODED), decoded));
      }
    }
  }

  /** Values in the recordings' layout. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Result(Shape shape, float[] values) {
    Result firstChannels(int channels) {
      var s = Shape.of(shape.dim(0), channels, shape.dim(2), shape.dim(3));
      int from = Math.toIntExact(shape.size() / shape.dim(0));
      int to = Math.toIntExact(s.size() / s.dim(0));
      var first = new float[to * s.dim(0)];
      for (int n = 0; n < s.dim(0); n++) {
        System.arraycopy(values, n * from, first, n * to, to);
      }
      return new Result(s, first);
    }
  }

  private static String row(String rowsOf, String tensor) {
    return rowsOf + "/" + tensor;
  }

  private void close(ParityFile file, String tensor, String name, Result result) {
    rows.close(
        file,
        tensor,
        name,
        result.shape(),
        result.values(),
        tolerance.network(),
        Double.POSITIVE_INFINITY);
  }

  private Result run(
      AutoencoderKL network,
      DeviceWeights weights,
      ParityFile file,
      String tensor,
      boolean encode) {
    var recorded = file.shape(tensor);
    var graph = new Graph(Hook.NONE);
    var x = graph.input("x", ParityLayout.channelsLast(recorded), DType.F32);
    var y = (encode ? network.encode(x) : network.decode(x)).output("y");
    try (var plan = Plan.compile(graph, backend, weights, options)) {
      plan.tensor("x").write(ParityLayout.toChannelsLast(file.floats(tensor), recorded));
      plan.run(Trace.OFF);
      return new Result(
          ParityLayout.channelsFirst(y.shape()),
          ParityLayout.toChannelsFirst(plan.tensor("y").read(), y.shape()));
    }
  }
}
