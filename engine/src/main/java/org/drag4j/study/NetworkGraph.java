package org.drag4j.study;

import java.util.ArrayDeque;
import java.util.Collections;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.SequencedMap;
import org.drag4j.graph.Graph;
import org.drag4j.graph.Hook;
import org.drag4j.graph.Value;
import org.drag4j.schedule.TorchRandom;
import org.drag4j.tensor.ChannelsLast;
import org.drag4j.tensor.DType;
import org.drag4j.tensor.Shape;
import org.drag4j.tensor.WeightSource;
import org.drag4j.tensor.Weights;
import org.drag4j.text.ClipTextModel;
import org.drag4j.unet.UNet2DConditionModel;
import org.drag4j.vae.AutoencoderKL;
import org.drag4j.vae.VaeConfig;
import org.drag4j.weights.Component;
import org.drag4j.weights.ModelFolder;

/** One network of a model, not compiled, with inputs drawn from a fixed seed. */
public final class NetworkGraph implements AutoCloseable {
  static final long SEED = 42;
  private static final int FIRST_TIMESTEP = 501;
  private static final int TOKENS = 77;

  /** By name; token ids are small enough to be held exactly. */
  private final SequencedMap<String, float[]> inputs = new LinkedHashMap<>();

  private final Deque<Component> components = new ArrayDeque<>();
  private final TorchRandom random = TorchRandom.seeded(SEED);
  private final Graph graph = new Graph(Hook.NONE);
  private final Component part;

  /**
   * Opens what one target needs.
   *
   * @param size side of the picture in pixels
   * @param batch samples of one call
   * @throws IllegalArgumentException where the model does not take the size, or an edit is asked
   *     for
   * @throws org.drag4j.weights.ModelException where a file is missing or damaged
   */
  public static NetworkGraph open(BenchTarget target, ModelFolder model, int size, int batch) {
    return new NetworkGraph(target, model, size, batch);
  }

  private NetworkGraph(BenchTarget target, ModelFolder model, int size, int batch) {
    boolean opened = false;
    try {
      part =
          switch (target) {
            case UNET -> unet(model, size, batch);
            case VAE_ENCODE -> vaeEncode(model, size, batch);
            case VAE_DECODE -> vaeDecode(model, size, batch);
            case TEXT -> text(model, batch);
            case EDIT -> throw new IllegalArgumentException("an edit is more than one network");
          };
      opened = true;
    } finally {
      if (!opened) {
        close();
      }
    }
  }

  /** The network. */
  public Graph graph() {
    return graph;
  }

  /** Its weights, readable until this is closed. */
  public WeightSource weights() {
    return part.weights();
  }

  /** What its inputs are to hold, by name. */
  SequencedMap<String, float[]> inputs() {
    return Collections.unmodifiableSequencedMap(inputs);
  }

  private Component component(ModelFolder model, String name) {
    var opened = model.component(name);
    components.push(opened);
    return opened;
  }

  /** Side of the latent of a picture. */
  private static int cells(VaeConfig vae, int size) {
    if (size % vae.factor() != 0) {
      throw new IllegalArgumentException(
          "size: expected a multiple of %d, got %d".formatted(vae.factor(), size));
    }
    return size / vae.factor();
  }

  private Component unet(ModelFolder model, int size, int batch) {
    int side = cells(VaeConfig.of(component(model, "vae").config()), size);
    var unet = component(model, "unet");
    var network = UNet2DConditionModel.load(Weights.of(unet.weights()), unet.config());
    var c = network.config();
    var sample = normal("sample", Shape.of(batch, c.inChannels(), side, side));
    var timestep = graph.input("timestep", Shape.of(batch), DType.F32);
    var steps = new float[batch];
    for (int i = 0; i < batch; i++) {
      steps[i] = FIRST_TIMESTEP + i;
    }
    inputs.put("timestep", steps);
    var context = normal("encoder_hidden_states", Shape.of(batch, TOKENS, c.crossAttentionDim()));
    network.forward(sample, timestep, context).output("out_sample");
    return unet;
  }

  private Component vaeEncode(ModelFolder model, int size, int batch) {
    var vae = component(model, "vae");
    var network = AutoencoderKL.load(Weights.of(vae.weights()), vae.config());
    int side = cells(network.config(), size) * network.config().factor();
    var image = normal("image", Shape.of(batch, network.config().inChannels(), side, side));
    var pixels = inputs.lastEntry().getValue();
    for (int i = 0; i < pixels.length; i++) {
      pixels[i] = Math.clamp(pixels[i], -1f, 1f);
    }
    network.encode(image).output("moments");
    return vae;
  }

  private Component vaeDecode(ModelFolder model, int size, int batch) {
    var vae = component(model, "vae");
    var network = AutoencoderKL.load(Weights.of(vae.weights()), vae.config());
    int side = cells(network.config(), size);
    var z = normal("z", Shape.of(batch, network.config().latentChannels(), side, side));
    network.decode(z).output("decoded");
    return vae;
  }

  private Component text(ModelFolder model, int batch) {
    var encoder = component(model, "text_encoder");
    var network = ClipTextModel.load(Weights.of(encoder.weights()), encoder.config());
    var shape = Shape.of(batch, network.config().maxPositions());
    var ids = new float[(int) shape.size()];
    for (int i = 0; i < ids.length; i++) {
      ids[i] = (int) (7919L * (i + 1) % network.config().vocabSize());
    }
    inputs.put("ids", ids);
    network.forward(graph.input("ids", shape, DType.I32)).last().output("last_hidden_state");
    return encoder;
  }

  /** An input of standard normal numbers, drawn in the order of PyTorch's layout. */
  private Value normal(String name, Shape recorded) {
    var values = random.randn(Math.toIntExact(recorded.size()));
    inputs.put(name, recorded.rank() == 4 ? ChannelsLast.toChannelsLast(values, recorded) : values);
    return graph.input(
        name, recorded.rank() == 4 ? ChannelsLast.channelsLast(recorded) : recorded, DType.F32);
  }

  @Override
  public void close() {
    while (!components.isEmpty()) {
      components.pop().close();
    }
  }
}
