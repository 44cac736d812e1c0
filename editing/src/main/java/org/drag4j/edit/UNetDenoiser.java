package org.drag4j.edit;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.drag4j.device.Backend;
import org.drag4j.graph.Graph;
import org.drag4j.graph.Hook;
import org.drag4j.method.BlendHook;
import org.drag4j.method.Denoiser;
import org.drag4j.method.SiteBank;
import org.drag4j.plan.Hoisted;
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
  private final Map<String, Shape> sites;
  private final DType siteType;
  private final Trace trace;
  private final float[] timesteps;

  private UNetDenoiser(
      Plan plan,
      LatentGrid grid,
      int batch,
      Map<String, Shape> sites,
      DType siteType,
      Trace trace) {
    this.plan = plan;
    this.grid = grid;
    this.sites = sites;
    this.siteType = siteType;
    this.trace = trace;
    timesteps = new float[batch];
  }

  /**
   * A UNet's graph and what is not computed in every call.
   *
   * @param sites names of what its hook may capture or inject
   * @param hoisted empty where nothing depends on the context alone
   */
  private record Form(Graph graph, Set<String> sites, Optional<Hoisted> hoisted) {
    static Form of(UNet2DConditionModel model, Hook hook, LatentGrid grid, List<float[]> contexts) {
      int width = model.config().crossAttentionDim();
      int batch = contexts.size();
      int tokens = contexts.getFirst().length / width;
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
      var context = graph.input(CONTEXT, Shape.of(batch, tokens, width), DType.F32);
      model.forward(sample, timestep, context).output(OUTPUT);
      return new Form(graph, Set.copyOf(named), Hoisted.of(graph, Set.of(CONTEXT)));
    }

    /** Shapes of what the hook captures. */
    Map<String, Shape> captured() {
      var captured = new LinkedHashMap<String, Shape>();
      graph
          .outputs()
          .forEach((name, v) -> {
            if (sites.contains(name)) {
              captured.put(name, v.shape());
            }
          });
      return captured;
    }

    /** What is computed in every call. */
    Graph eachCall() {
      return hoisted.map(Hoisted::rest).orElse(graph);
    }
  }

  /**
   * A UNet compiled for as many samples as there are contexts.
   *
   * @param contexts one a sample, {@code [S, D]} each
   * @param contextWork must stay open for as long as the denoiser is
   */
  static UNetDenoiser compile(
      Network<UNet2DConditionModel> unet,
      Backend backend,
      PlanOptions options,
      Hook hook,
      LatentGrid grid,
      List<float[]> contexts,
      ContextWork contextWork,
      Trace trace) {
    var form = Form.of(unet.model(), hook, grid, contexts);
    var all = joined(contexts);
    var plan = Plan.compile(form.eachCall(), backend, unet.weights(), options);
    try {
      if (plan.names().contains(CONTEXT)) {
        plan.tensor(CONTEXT).write(all);
      }
      if (form.hoisted().isPresent()) {
        var graphs = form.hoisted().get();
        var once = contextWork.of(graphs, backend, unet.weights(), options, CONTEXT, all, trace);
        once.forEach(plan::bind);
      }
      if (hook instanceof BlendHook blend) {
        blend.constants().forEach((name, value) -> plan.tensor(name).write(new float[] {value}));
      }
      var sites = new LinkedHashMap<String, Shape>();
      var siteType = DType.F32;
      for (var name : plan.names()) {
        if (form.sites().contains(name)) {
          sites.put(name, plan.value(name).shape());
          siteType = plan.value(name).dtype();
        }
      }
      return new UNetDenoiser(plan, grid, contexts.size(), sites, siteType, trace);
    } catch (RuntimeException | Error e) {
      plan.close();
      throw e;
    }
  }

  /** Device memory that a denoiser takes beside its weights, and {@code slots} of its sites. */
  static long bytes(
      UNet2DConditionModel model,
      Backend backend,
      PlanOptions options,
      Hook hook,
      LatentGrid grid,
      List<float[]> contexts,
      int slots) {
    var form = Form.of(model, hook, grid, contexts);
    long bytes = Plan.slabBytes(form.eachCall(), backend, options);
    if (form.hoisted().isPresent()) {
      bytes += ContextWork.bytes(form.hoisted().get(), backend, options);
    }
    return bytes + SiteBank.bytes(form.captured(), backend.activations(), slots);
  }

  /** What a hook captures of one sample, by site. */
  static Map<String, Shape> captured(
      UNet2DConditionModel model, Hook hook, LatentGrid grid, float[] context) {
    return Form.of(model, hook, grid, List.of(context)).captured();
  }

  private static float[] joined(List<float[]> contexts) {
    int each = contexts.getFirst().length;
    var all = new float[Math.multiplyExact(contexts.size(), each)];
    for (int i = 0; i < contexts.size(); i++) {
      System.arraycopy(contexts.get(i), 0, all, i * each, each);
    }
    return all;
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
  public DType siteType() {
    return siteType;
  }

  @Override
  public float[] predict(float[] latents, int[] at, SiteBank.Slots slots) {
    if (at.length != timesteps.length) {
      throw new IllegalArgumentException(
          "denoiser: expected " + timesteps.length + " timesteps, got " + at.length);
    }
    for (int i = 0; i < at.length; i++) {
      timesteps[i] = at[i];
    }
    plan.tensor(SAMPLE).write(latents);
    plan.tensor(TIMESTEP).write(timesteps);
    var banks = new LinkedHashMap<String, Tensor>();
    for (var site : sites.keySet()) {
      var bank = slots.banks().get(site);
      if (bank == null) {
        throw new IllegalArgumentException("denoiser: expected a bank for " + site + ", got none");
      }
      banks.put(site, bank);
    }
    if (!banks.isEmpty()) {
      plan.bindBanks(banks, slots.first());
    }
    plan.run(trace);
    return plan.tensor(OUTPUT).read();
  }

  @Override
  public void close() {
    plan.close();
  }
}
