package org.drag4j.report;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;
import org.drag4j.device.Backend;
import org.drag4j.graph.Graph;
import org.drag4j.graph.Hook;
import org.drag4j.graph.Op;
import org.drag4j.graph.Value;
import org.drag4j.plan.Plan;
import org.drag4j.plan.PlanOptions;
import org.drag4j.schedule.TorchRandom;
import org.drag4j.tensor.DType;
import org.drag4j.tensor.Shape;
import org.drag4j.tensor.WeightSource.Entry;
import org.drag4j.tensor.Weights;
import org.drag4j.text.ClipTextModel;
import org.drag4j.trace.Trace;
import org.drag4j.unet.UNet2DConditionModel;
import org.drag4j.vae.AutoencoderKL;
import org.drag4j.vae.VaeConfig;
import org.drag4j.weights.Component;
import org.drag4j.weights.ModelFolder;
import org.drag4j.weights.SafetensorsWriter;

/** One network, compiled once. Its inputs are drawn from a fixed seed. */
final class NetworkWorkload implements Workload {
  private static final long SEED = 42;
  private static final int FIRST_TIMESTEP = 501;
  private static final int TOKENS = 77;

  /** By name; token ids are small enough to be held exactly. */
  private final SequencedMap<String, float[]> inputs = new LinkedHashMap<>();

  private final Deque<Release> resources = new ArrayDeque<>();
  private final TorchRandom random = TorchRandom.seeded(SEED);
  private final Plan plan;

  @FunctionalInterface
  private interface Release {
    void run();
  }

  static NetworkWorkload open(
      BenchTarget target,
      ModelFolder model,
      Backend backend,
      PlanOptions options,
      int size,
      int batch) {
    return new NetworkWorkload(target, model, backend, options, size, batch);
  }

  private NetworkWorkload(
      BenchTarget target,
      ModelFolder model,
      Backend backend,
      PlanOptions options,
      int size,
      int batch) {
    boolean opened = false;
    try {
      var graph = new Graph(Hook.NONE);
      var part =
          switch (target) {
            case UNET -> unet(graph, model, size, batch);
            case VAE_ENCODE -> vaeEncode(graph, model, size, batch);
            case VAE_DECODE -> vaeDecode(graph, model, size, batch);
            case TEXT -> text(graph, model, batch);
            case EDIT -> throw new IllegalArgumentException("an edit is more than one network");
          };
      var weights = backend.weights(part.weights());
      resources.push(weights::close);
      plan = Plan.compile(graph, backend, weights, options);
      resources.push(plan::close);
      opened = true;
    } finally {
      if (!opened) {
        close();
      }
    }
  }

  private Component component(ModelFolder model, String name) {
    var part = model.component(name);
    resources.push(part::close);
    return part;
  }

  /** Side of the latent of a picture. */
  private static int cells(VaeConfig vae, int size) {
    if (size % vae.factor() != 0) {
      throw new IllegalArgumentException(
          "size: expected a multiple of %d, got %d".formatted(vae.factor(), size));
    }
    return size / vae.factor();
  }

  private Component unet(Graph graph, ModelFolder model, int size, int batch) {
    int side = cells(VaeConfig.of(component(model, "vae").config()), size);
    var part = component(model, "unet");
    var network = UNet2DConditionModel.load(Weights.of(part.weights()), part.config());
    var c = network.config();
    var sample = normal(graph, "sample", Shape.of(batch, c.inChannels(), side, side));
    var timestep = graph.input("timestep", Shape.of(batch), DType.F32);
    var steps = new float[batch];
    for (int i = 0; i < batch; i++) {
      steps[i] = FIRST_TIMESTEP + i;
    }
    inputs.put("timestep", steps);
    var context =
        normal(graph, "encoder_hidden_states", Shape.of(batch, TOKENS, c.crossAttentionDim()));
    network.forward(sample, timestep, context).output("out_sample");
    return part;
  }

  private Component vaeEncode(Graph graph, ModelFolder model, int size, int batch) {
    var part = component(model, "vae");
    var network = AutoencoderKL.load(Weights.of(part.weights()), part.config());
    int side = cells(network.config(), size) * network.config().factor();
    var image = normal(graph, "image", Shape.of(batch, network.config().inChannels(), side, side));
    var pixels = inputs.lastEntry().getValue();
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] = Math.clamp(pixels[i], -1f, 1f);
    }
    network.encode(image).output("moments");
    return part;
  }

  private Component vaeDecode(Graph graph, ModelFolder model, int size, int batch) {
    var part = component(model, "vae");
    var network = AutoencoderKL.load(Weights.of(part.weights()), part.config());
    int side = cells(network.config(), size);
    var z = normal(graph, "z", Shape.of(batch, network.config().latentChannels(), side, side));
    network.decode(z).output("decoded");
    return part;
  }

  private Component text(Graph graph, ModelFolder model, int batch) {
    var part = component(model, "text_encoder");
    var network = ClipTextModel.load(Weights.of(part.weights()), part.config());
    var shape = Shape.of(batch, network.config().maxPositions());
    var ids = new float[(int) shape.size()];
    for (int i = 0; i < ids.length; i++) {
      ids[i] = (int) (7919L * (i + 1) % network.config().vocabSize());
    }
    inputs.put("ids", ids);
    network.forward(graph.input("ids", shape, DType.I32)).last().output("last_hidden_state");
    return part;
  }

  /** An input of standard normal numbers, drawn in the order of PyTorch's layout. */
  private Value normal(Graph graph, String name, Shape recorded) {
    var values = random.randn(Math.toIntExact(recorded.size()));
    inputs.put(name, recorded.rank() == 4 ? ParityLayout.toChannelsLast(values, recorded) : values);
    return graph.input(
        name, recorded.rank() == 4 ? ParityLayout.channelsLast(recorded) : recorded, DType.F32);
  }

  @Override
  public void run(Trace trace) {
    inputs.forEach((name, values) -> {
      var to = plan.tensor(name);
      if (to.dtype() == DType.I32) {
        to.write(integers(values));
      } else {
        to.write(values);
      }
    });
    plan.run(trace);
  }

  private static int[] integers(float[] values) {
    int[] x = new int[values.length];
    Arrays.setAll(x, i -> (int) values[i]);
    return x;
  }

  @Override
  public DType dtype() {
    return plan.names().stream()
        .map(plan::value)
        .filter(v -> !(v.op() instanceof Op.Input))
        .findFirst()
        .orElseThrow()
        .dtype();
  }

  @Override
  public void save(Path safetensors) throws IOException {
    var tensors = new LinkedHashMap<String, Entry>();
    var data = new LinkedHashMap<String, MemorySegment>();
    for (var name : plan.names()) {
      var shape = plan.value(name).shape();
      boolean integers = plan.value(name).dtype() == DType.I32;
      tensors.put(name, new Entry(ParityLayout.channelsFirst(shape), plan.value(name).dtype()));
      // What was an input may have been overwritten by the run.
      var given = inputs.get(name);
      var values = given == null ? plan.tensor(name).read() : given;
      data.put(
          name,
          integers
              ? MemorySegment.ofArray(integers(values))
              : MemorySegment.ofArray(ParityLayout.toChannelsFirst(values, shape)));
    }
    try (var writer = SafetensorsWriter.create(safetensors, tensors, Map.of("seed", "" + SEED))) {
      for (var entry : data.entrySet()) {
        writer.write(entry.getKey(), entry.getValue());
      }
      writer.finish();
    }
  }

  @Override
  public void close() {
    while (!resources.isEmpty()) {
      resources.pop().run();
    }
  }
}
