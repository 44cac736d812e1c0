package org.drag4j.pipeline;

import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.drag4j.device.Backend;
import org.drag4j.graph.Graph;
import org.drag4j.graph.Hook;
import org.drag4j.graph.Site;
import org.drag4j.graph.Value;
import org.drag4j.plan.Hoisted;
import org.drag4j.plan.Plan;
import org.drag4j.plan.PlanOptions;
import org.drag4j.tensor.DType;
import org.drag4j.tensor.Shape;
import org.drag4j.tensor.Tensor;
import org.drag4j.trace.Trace;
import org.drag4j.unet.UNet2DConditionModel;

/**
 * A program as a plan, and a plan shared with other programs for values that are the same in every
 * run.
 */
final class CompiledProgram implements Program {
  private final Plan plan;
  private final Set<String> inputs;
  private final Map<String, Shape> sites;
  private final DType siteType;
  private final Trace trace;

  private CompiledProgram(
      Plan plan, Set<String> inputs, Map<String, Shape> sites, DType siteType, Trace trace) {
    this.plan = plan;
    this.inputs = inputs;
    this.sites = sites;
    this.siteType = siteType;
    this.trace = trace;
  }

  /** A graph as a caller builds it, with each network call's sites under the call's name. */
  private static final class Building implements Scope {
    private final UNet2DConditionModel unet;
    private final Graph graph = new Graph(this::at);
    private final Set<String> inputs = new HashSet<>();
    private final Map<String, float[]> fixed = new LinkedHashMap<>();
    private final Set<String> sites = new HashSet<>();
    private final Set<String> calls = new HashSet<>();
    private String call = "";
    private Hook hook = Hook.NONE;

    Building(UNet2DConditionModel unet) {
      this.unet = unet;
    }

    private Value at(Site site, Value v) {
      var named = site.in(call);
      sites.add(named.toString());
      return hook.at(named, v);
    }

    @Override
    public Value input(String name, int... dims) {
      inputs.add(name);
      return graph.input(name, Shape.of(dims), DType.F32);
    }

    @Override
    public Value fixed(String name, float[] values, int... dims) {
      var shape = Shape.of(dims);
      if (shape.size() != values.length) {
        throw new IllegalArgumentException(
            "%s: expected %d values for %s, got %d"
                .formatted(name, shape.size(), shape, values.length));
      }
      fixed.put(name, values);
      return graph.input(name, shape, DType.F32);
    }

    @Override
    public Value unet(String name, Value latents, Value timesteps, Value context, Hook at) {
      if (!calls.add(name)) {
        throw new IllegalArgumentException(
            "call " + name + ": expected a new name, got one in use; name every call differently");
      }
      call = name;
      hook = at;
      try {
        return unet.forward(latents, timesteps, context);
      } finally {
        hook = Hook.NONE;
      }
    }
  }

  /**
   * A graph, and its part that is not computed in every run.
   *
   * @param fixed values of inputs that never change
   * @param sites names of what a hook may have captured or injected
   * @param hoisted empty where nothing depends on fixed inputs alone
   */
  private record Form(
      Graph graph,
      Set<String> inputs,
      Map<String, float[]> fixed,
      Set<String> sites,
      Optional<Hoisted> hoisted) {
    static Form of(UNet2DConditionModel unet, Consumer<Scope> build) {
      var building = new Building(unet);
      build.accept(building);
      return new Form(
          building.graph,
          Set.copyOf(building.inputs),
          building.fixed,
          Set.copyOf(building.sites),
          Hoisted.of(building.graph, building.fixed.keySet()));
    }

    /** Shapes of what hooks capture. */
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

    /** What is computed in every run. */
    Graph eachRun() {
      return hoisted.map(Hoisted::rest).orElse(graph);
    }
  }

  /**
   * Builds and compiles a program.
   *
   * @param shared must stay open for as long as the program is
   */
  static CompiledProgram compile(
      Consumer<Scope> build,
      Network<UNet2DConditionModel> unet,
      Backend backend,
      PlanOptions options,
      SharedWork shared,
      Trace trace) {
    var form = Form.of(unet.model(), build);
    var plan = Plan.compile(form.eachRun(), backend, unet.weights(), options);
    try {
      form.fixed()
          .forEach((name, values) -> {
            if (plan.names().contains(name)) {
              plan.tensor(name).write(values);
            }
          });
      if (form.hoisted().isPresent()) {
        var graphs = form.hoisted().get();
        var once = shared.of(graphs, backend, unet.weights(), options, form.fixed(), trace);
        once.forEach(plan::bind);
      }
      var sites = new LinkedHashMap<String, Shape>();
      var siteType = DType.F32;
      for (var name : plan.names()) {
        if (form.sites().contains(name)) {
          sites.put(name, plan.value(name).shape());
          siteType = plan.value(name).dtype();
        }
      }
      return new CompiledProgram(plan, form.inputs(), sites, siteType, trace);
    } catch (RuntimeException | Error e) {
      plan.close();
      throw e;
    }
  }

  /** Device memory that a program takes beside its weights, and {@code slots} of its sites. */
  static long bytes(
      Consumer<Scope> build,
      UNet2DConditionModel unet,
      Backend backend,
      PlanOptions options,
      int slots) {
    var form = Form.of(unet, build);
    long bytes = Plan.slabBytes(form.eachRun(), backend, options);
    if (form.hoisted().isPresent()) {
      bytes += SharedWork.bytes(form.hoisted().get(), backend, options);
    }
    return bytes + SiteBank.bytes(form.captured(), backend.activations(), slots);
  }

  @Override
  public Program set(String input, float... values) {
    if (!inputs.contains(input)) {
      throw new IllegalArgumentException(input + ": expected one of " + inputs);
    }
    if (plan.names().contains(input)) {
      plan.tensor(input).write(values);
    }
    return this;
  }

  @Override
  public Program slots(SiteBank.Slots slots) {
    var banks = new HashMap<String, Tensor>();
    for (var site : sites.keySet()) {
      var bank = slots.banks().get(site);
      if (bank == null) {
        throw new IllegalArgumentException("program: expected a bank for " + site + ", got none");
      }
      banks.put(site, bank);
    }
    if (!banks.isEmpty()) {
      plan.bindBanks(banks, slots.first());
    }
    return this;
  }

  @Override
  public Program run() {
    plan.run(trace);
    return this;
  }

  @Override
  public float[] get(String output) {
    return plan.tensor(output).read();
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
  public void close() {
    plan.close();
  }
}
