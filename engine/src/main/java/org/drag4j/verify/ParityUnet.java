package org.drag4j.verify;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.SequencedSet;
import java.util.TreeMap;
import org.drag4j.device.Backend;
import org.drag4j.device.DeviceWeights;
import org.drag4j.graph.Graph;
import org.drag4j.graph.Hook;
import org.drag4j.graph.SiteKind;
import org.drag4j.graph.Value;
import org.drag4j.plan.Plan;
import org.drag4j.plan.PlanOptions;
import org.drag4j.tensor.ChannelsLast;
import org.drag4j.tensor.DType;
import org.drag4j.tensor.Shape;
import org.drag4j.tensor.Weights;
import org.drag4j.trace.Trace;
import org.drag4j.unet.UNet2DConditionModel;
import org.drag4j.weights.ModelFolder;

/** The denoiser on recorded inputs: what it predicts, and what every recorded module gives. */
record ParityUnet(
    ModelFolder model,
    Backend backend,
    PlanOptions options,
    ParityTolerance tolerance,
    ParityRows rows,
    Trace trace) {
  private static final String SAMPLE = ".sample";
  private static final String TIMESTEP = ".timestep";
  private static final String CONTEXT = ".context";
  private static final String OUT = ".out";
  private static final String ACTIVATION = ".act.";

  void check(ParityFile file, Optional<ParityFile> truth) {
    var cases = cases(file);
    if (cases.isEmpty()) {
      throw file.unexpected("tensors", "a case: NAME.sample, NAME.timestep, ...", "none");
    }
    try (var part = model.component("unet");
        var weights = backend.weights(part.weights())) {
      var network = UNet2DConditionModel.load(Weights.of(part.weights()), part.config());
      var predicted = new LinkedHashMap<String, Optional<float[]>>();
      cases.forEach(
          (name, modules) -> predicted.put(name, check(network, weights, file, name, modules)));
      truth.ifPresent(t ->
          predicted.forEach((name, values) -> {
            var tensor = name + OUT + "_f64";
            values.ifPresentOrElse(
                v -> rows.close(t, tensor, file.shape(name + SAMPLE), v, tolerance.network()),
                () -> rows.fail(t, tensor, tolerance.network(), "not computed"));
          }));
    }
  }

  /** Recorded modules by case. */
  private static SequencedMap<String, List<String>> cases(ParityFile file) {
    var cases = new TreeMap<String, List<String>>();
    for (var name : file.names()) {
      int act = name.indexOf(ACTIVATION);
      if (act >= 0) {
        cases
            .computeIfAbsent(name.substring(0, act), _ -> new ArrayList<>())
            .add(name.substring(act + ACTIVATION.length()));
        continue;
      }
      for (var suffix : List.of(SAMPLE, TIMESTEP, CONTEXT, OUT)) {
        if (name.endsWith(suffix)) {
          cases.computeIfAbsent(
              name.substring(0, name.length() - suffix.length()), _ -> new ArrayList<>());
        }
      }
    }
    return cases;
  }

  /** What the network predicts, in the recording's layout; empty where the inputs do not fit. */
  private Optional<float[]> check(
      UNet2DConditionModel network,
      DeviceWeights weights,
      ParityFile file,
      String name,
      List<String> modules) {
    var problem = problem(network, file, name);
    if (problem.isPresent()) {
      for (var module : modules) {
        rows.fail(file, name + ACTIVATION + module, tolerance.network(), problem.get());
      }
      rows.fail(file, name + OUT, tolerance.network(), problem.get());
      return Optional.empty();
    }
    if (!modules.isEmpty()) {
      checkModules(network, weights, file, name, modules);
    }
    // Without captures, as editing runs it: every fusion applies.
    var graph = new Graph(Hook.NONE);
    var y = forward(network, graph, file, name).output("y");
    try (var plan = Plan.compile(graph, backend, weights, options)) {
      run(plan, file, name);
      var out = ChannelsLast.toChannelsFirst(plan.tensor("y").read(), y.shape());
      rows.close(file, name + OUT, ChannelsLast.channelsFirst(y.shape()), out, tolerance.network());
      return Optional.of(out);
    }
  }

  private static Optional<String> problem(
      UNet2DConditionModel network, ParityFile file, String name) {
    for (var input : List.of(SAMPLE, TIMESTEP, CONTEXT)) {
      if (!file.has(name + input)) {
        return Optional.of(name + input + " is missing from " + file.fileName());
      }
    }
    var config = network.config();
    if (!file.hasRank(name + SAMPLE, 4)
        || file.shape(name + SAMPLE).dim(1) != config.inChannels()) {
      return Optional.of(
          "%s: expected [N, %d, H, W], got %s"
              .formatted(name + SAMPLE, config.inChannels(), file.shape(name + SAMPLE)));
    }
    int batch = file.shape(name + SAMPLE).dim(0);
    var context = file.shape(name + CONTEXT);
    if (!file.hasRank(name + CONTEXT, 3)
        || context.dim(0) != batch
        || context.dim(2) != config.crossAttentionDim()) {
      return Optional.of(
          "%s: expected [%d, S, %d], got %s"
              .formatted(name + CONTEXT, batch, config.crossAttentionDim(), context));
    }
    long timesteps = file.shape(name + TIMESTEP).size();
    if (timesteps != batch && timesteps != 1) {
      return Optional.of(
          "%s: expected %d timesteps, got %d".formatted(name + TIMESTEP, batch, timesteps));
    }
    return Optional.empty();
  }

  private void checkModules(
      UNet2DConditionModel network,
      DeviceWeights weights,
      ParityFile file,
      String name,
      List<String> modules) {
    SequencedSet<String> seen = new LinkedHashSet<>();
    Hook capture =
        (site, v) -> {
          if (site.kind() == SiteKind.OUTPUT
              && modules.contains(site.path())
              && seen.add(site.path())) {
            v.output(site.path());
          }
          return v;
        };
    var graph = new Graph(capture);
    var _ = forward(network, graph, file, name);
    if (!seen.isEmpty()) {
      try (var plan = Plan.compile(graph, backend, weights, options)) {
        run(plan, file, name);
        for (var module : seen) {
          var shape = plan.value(module).shape();
          var values = plan.tensor(module).read();
          close(file, name + ACTIVATION + module, shape, values);
        }
      }
    }
    for (var module : modules) {
      if (!seen.contains(module)) {
        rows.fail(
            file,
            name + ACTIVATION + module,
            tolerance.network(),
            "this engine exposes no module of that path");
      }
    }
  }

  /** Tokens may be recorded as {@code [N, T, C]} where this engine still has height and width. */
  private void close(ParityFile file, String tensor, Shape shape, float[] values) {
    var recorded = file.shape(tensor);
    boolean sameTokens =
        recorded.rank() != shape.rank()
            && recorded.size() == shape.size()
            && recorded.rank() > 1
            && recorded.dim(0) == shape.dim(0)
            && recorded.dim(-1) == shape.dim(-1);
    if (sameTokens) {
      rows.close(file, tensor, recorded, values, tolerance.network());
    } else {
      rows.close(
          file,
          tensor,
          ChannelsLast.channelsFirst(shape),
          ChannelsLast.toChannelsFirst(values, shape),
          tolerance.network());
    }
  }

  private static Value forward(
      UNet2DConditionModel network, Graph graph, ParityFile file, String name) {
    var sample = file.shape(name + SAMPLE);
    return network.forward(
        graph.input(SAMPLE, ChannelsLast.channelsLast(sample), DType.F32),
        graph.input(TIMESTEP, Shape.of(sample.dim(0)), DType.F32),
        graph.input(CONTEXT, file.shape(name + CONTEXT), DType.F32));
  }

  private void run(Plan plan, ParityFile file, String name) {
    var sample = file.shape(name + SAMPLE);
    float[] timesteps = file.floats(name + TIMESTEP);
    if (timesteps.length != sample.dim(0)) {
      float only = timesteps[0];
      timesteps = new float[sample.dim(0)];
      Arrays.fill(timesteps, only);
    }
    Map<String, float[]> inputs =
        Map.of(
            SAMPLE,
            ChannelsLast.toChannelsLast(file.floats(name + SAMPLE), sample),
            TIMESTEP,
            timesteps,
            CONTEXT,
            file.floats(name + CONTEXT));
    // What comes before the first use of an input does not need it, and a plan leaves it out.
    inputs.forEach((input, values) -> {
      if (plan.names().contains(input)) {
        plan.tensor(input).write(values);
      }
    });
    plan.run(trace);
  }
}
