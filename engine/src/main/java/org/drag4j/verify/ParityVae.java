package org.drag4j.verify;

import java.util.Optional;
import org.drag4j.device.Backend;
import org.drag4j.device.DeviceWeights;
import org.drag4j.graph.Graph;
import org.drag4j.graph.Hook;
import org.drag4j.plan.Plan;
import org.drag4j.plan.PlanOptions;
import org.drag4j.tensor.ChannelsLast;
import org.drag4j.tensor.DType;
import org.drag4j.tensor.Shape;
import org.drag4j.tensor.Weights;
import org.drag4j.trace.Trace;
import org.drag4j.vae.AutoencoderKL;
import org.drag4j.weights.Component;

/** The autoencoder both ways, on recorded pictures and latents of any size. */
record ParityVae(
    Backend backend, PlanOptions options, ParityTolerance tolerance, ParityRows rows, Trace trace) {
  private static final String IMAGE = "image";
  private static final String MOMENTS = "moments";
  private static final String MODE = "mode";
  private static final String LATENT = "z";
  private static final String DECODED = "decoded";
  private static final String TRUE_MOMENTS = "vae.moments";
  private static final String TRUE_DECODED = "vae.decoded";

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
      boolean picture =
          file.hasRank(IMAGE, 4)
              && file.shape(IMAGE).dim(1) == config.inChannels()
              && file.shape(IMAGE).dim(2) >= factor
              && file.shape(IMAGE).dim(3) >= factor;
      var moments =
          picture
              ? Optional.of(run(network, weights, file, IMAGE, true))
              : Optional.<Result>empty();
      var mode = moments.map(m -> m.firstChannels(config.latentChannels()));
      close(file, MOMENTS, rowsOf + "/" + MOMENTS, moments, IMAGE);
      close(file, MODE, rowsOf + "/" + MODE, mode, IMAGE);
      truth.ifPresent(t -> close(t, TRUE_MOMENTS, t.row(TRUE_MOMENTS), moments, IMAGE));
      boolean latent =
          file.hasRank(LATENT, 4) && file.shape(LATENT).dim(1) == config.latentChannels();
      var decoded =
          latent
              ? Optional.of(run(network, weights, file, LATENT, false))
              : Optional.<Result>empty();
      close(file, DECODED, rowsOf + "/" + DECODED, decoded, LATENT);
      truth.ifPresent(t -> close(t, TRUE_DECODED, t.row(TRUE_DECODED), decoded, LATENT));
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

  private void close(
      ParityFile file, String tensor, String name, Optional<Result> result, String input) {
    result.ifPresentOrElse(
        r ->
            rows.close(
                file,
                tensor,
                name,
                r.shape(),
                r.values(),
                tolerance.network(),
                Double.POSITIVE_INFINITY),
        () ->
            rows.fail(
                file,
                tensor,
                name,
                tolerance.network(),
                "not computed: " + input + " is missing or does not fit the model"));
  }

  private Result run(
      AutoencoderKL network,
      DeviceWeights weights,
      ParityFile file,
      String tensor,
      boolean encode) {
    var recorded = file.shape(tensor);
    var graph = new Graph(Hook.NONE);
    var x = graph.input("x", ChannelsLast.channelsLast(recorded), DType.F32);
    var y = (encode ? network.encode(x) : network.decode(x)).output("y");
    try (var plan = Plan.compile(graph, backend, weights, options)) {
      plan.tensor("x").write(ChannelsLast.toChannelsLast(file.floats(tensor), recorded));
      plan.run(trace);
      return new Result(
          ChannelsLast.channelsFirst(y.shape()),
          ChannelsLast.toChannelsFirst(plan.tensor("y").read(), y.shape()));
    }
  }
}
