package org.drag4j.tests.accuracy;

import java.util.LinkedHashMap;
import org.drag4j.device.Backend;
import org.drag4j.graph.Graph;
import org.drag4j.graph.Hook;
import org.drag4j.plan.Plan;
import org.drag4j.plan.PlanOptions;
import org.drag4j.schedule.TorchRandom;
import org.drag4j.tensor.DType;
import org.drag4j.tensor.Shape;
import org.drag4j.tensor.Weights;
import org.drag4j.trace.Trace;
import org.drag4j.unet.UNet2DConditionModel;
import org.drag4j.weights.Component;

/**
 * One call of a UNet.
 *
 * @param sample {@code [N, C, H, W]}
 * @param timestep {@code [N]}
 * @param context {@code [N, T, D]}
 */
record UnetCall(Component unet, Numbers sample, Numbers timestep, Numbers context) {
  static final String SAMPLE = "sample";
  static final String TIMESTEP = "timestep";
  static final String CONTEXT = "encoder_hidden_states";
  static final String OUT = "out_sample";

  private static final int TOKENS = 77;

  /** A call with standard normal numbers of a seed. */
  static UnetCall drawn(Component unet, int side, double timestep, long seed) {
    var config = load(unet).config();
    var random = TorchRandom.seeded(seed);
    return new UnetCall(
        unet,
        normal(random, Shape.of(1, config.inChannels(), side, side)),
        new Numbers(Shape.of(1), new double[] {timestep}),
        normal(random, Shape.of(1, TOKENS, config.crossAttentionDim())));
  }

  private static Numbers normal(TorchRandom random, Shape shape) {
    var x = random.randn(Math.toIntExact(shape.size()));
    var values = new double[x.length];
    for (int i = 0; i < x.length; i++) {
      values[i] = x[i];
    }
    return new Numbers(shape, values);
  }

  private static UNet2DConditionModel load(Component unet) {
    return UNet2DConditionModel.load(Weights.of(unet.weights()), unet.config());
  }

  private Graph graph() {
    var graph = new Graph(Hook.NONE);
    load(unet)
        .forward(
            graph.input(SAMPLE, sample.channelsLast().shape(), DType.F32),
            graph.input(TIMESTEP, timestep.shape(), DType.F32),
            graph.input(CONTEXT, context.shape(), DType.F32))
        .output(OUT);
    return graph;
  }

  /** What is right, {@code [N, C, H, W]}. */
  Numbers truth(DoubleEvaluation evaluation) throws InterruptedException {
    var graph = graph();
    var inputs = new LinkedHashMap<String, double[]>();
    inputs.put(SAMPLE, sample.channelsLast().values());
    inputs.put(TIMESTEP, timestep.values());
    inputs.put(CONTEXT, context.values());
    var out = evaluation.evaluate(graph, inputs, unet.weights());
    var shape = graph.outputs().lastEntry().getValue().shape();
    return new Numbers(shape, out.getOrDefault(OUT, new double[0])).channelsFirst();
  }

  /** What a device computes, {@code [N, C, H, W]}. */
  Numbers computed(Backend backend, PlanOptions options, Trace trace) {
    try (var weights = backend.weights(unet.weights());
        var plan = Plan.compile(graph(), backend, weights, options)) {
      plan.tensor(SAMPLE).write(sample.channelsLast().floats());
      plan.tensor(TIMESTEP).write(timestep.floats());
      plan.tensor(CONTEXT).write(context.floats());
      plan.run(trace);
      var got = plan.tensor(OUT).read();
      var values = new double[got.length];
      for (int i = 0; i < got.length; i++) {
        values[i] = got[i];
      }
      return new Numbers(plan.value(OUT).shape(), values).channelsFirst();
    }
  }
}
