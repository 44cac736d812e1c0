package org.drag4j.edit;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.drag4j.device.Backend;
import org.drag4j.graph.Graph;
import org.drag4j.graph.Hook;
import org.drag4j.method.BlendHook;
import org.drag4j.method.Denoiser;
import org.drag4j.plan.Plan;
import org.drag4j.plan.PlanOptions;
import org.drag4j.schedule.LatentGrid;
import org.drag4j.tensor.DType;
import org.drag4j.tensor.Shape;
import org.drag4j.tensor.Tensor;
import org.drag4j.trace.Trace;
import org.drag4j.unet.UNet2DConditionModel;

/** A compiled UNet with its context in place. */
final class UNetDenoiser implements Denoiser {
  private static final String SAMPLE = "sample";
  private static final String TIMESTEP = "timestep";
  private static final String CONTEXT = "encoder_hidden_states";
  private static final String OUTPUT = "out_sample";

  private final Plan plan;
  private final LatentGrid grid;
  private final Map<String, Shape> sites = new LinkedHashMap<>();
  private final Trace trace;
  private final float[] timesteps;

  /**
   * @param contexts one a sample, {@code [S, D]} each
   */
  UNetDenoiser(
      Network<UNet2DConditionModel> unet,
      Backend backend,
      PlanOptions options,
      Hook hook,
      LatentGrid grid,
      List<float[]> contexts,
      Trace trace) {
    var config = unet.model().config();
    int batch = contexts.size();
    int tokens = contexts.getFirst().length / config.crossAttentionDim();
    this.grid = grid;
    this.trace = trace;
    this.timesteps = new float[batch];
    var named = new ArrayList<String>();
    var graph =
        new Graph(
            hook.then((site, v) -> {
              named.add(site.toString());
              return v;
            }));
    var sample =
        graph.input(
            SAMPLE, Shape.of(batch, grid.height(), grid.width(), grid.channels()), DType.F32);
    var timestep = graph.input(TIMESTEP, Shape.of(batch), DType.F32);
    var context =
        graph.input(CONTEXT, Shape.of(batch, tokens, config.crossAttentionDim()), DType.F32);
    unet.model().forward(sample, timestep, context).output(OUTPUT);
    var isSite = Set.copyOf(named);
    plan = Plan.compile(graph, backend, unet.weights(), options.withExternal(isSite::contains));
    for (var name : plan.names()) {
      if (isSite.contains(name)) {
        sites.put(name, plan.value(name).shape());
      }
    }
    int each = contexts.getFirst().length;
    var all = new float[batch * each];
    for (int i = 0; i < batch; i++) {
      System.arraycopy(contexts.get(i), 0, all, i * each, each);
    }
    plan.tensor(CONTEXT).write(all);
    if (hook instanceof BlendHook blend) {
      blend.constants().forEach((name, value) -> plan.tensor(name).write(new float[] {value}));
    }
  }

  @Override
  public LatentGrid grid() {
    return grid;
  }

  @Override
  public int batch() {
    return timesteps.length;
  }

  @Override
  public Map<String, Shape> sites() {
    return sites;
  }

  @Override
  public float[] predict(float[] latents, int[] at, Map<String, Tensor> tensors) {
    if (at.length != timesteps.length) {
      throw new IllegalArgumentException(
          "denoiser: expected " + timesteps.length + " timesteps, got " + at.length);
    }
    for (int i = 0; i < at.length; i++) {
      timesteps[i] = at[i];
    }
    plan.tensor(SAMPLE).write(latents);
    plan.tensor(TIMESTEP).write(timesteps);
    for (var site : sites.keySet()) {
      var tensor = tensors.get(site);
      if (tensor == null) {
        throw new IllegalArgumentException(
            "denoiser: expected a tensor for " + site + ", got none");
      }
      plan.bind(site, tensor);
    }
    plan.run(trace);
    return plan.tensor(OUTPUT).read();
  }

  @Override
  public void close() {
    plan.close();
  }
}
