package org.drag4j.weights;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.drag4j.tensor.DType;
import org.drag4j.tensor.Shape;
import org.drag4j.tensor.WeightSource.Entry;

/**
 * Names and shapes of all tensors that a configuration asks for, in the network's order, floating
 * point ones as {@code F16}. Sources: diffusers' {@code UNet2DConditionModel} and {@code
 * AutoencoderKL}, transformers' {@code CLIPTextModel}.
 */
public final class NetworkTensors {
  private final Map<String, Entry> tensors = new LinkedHashMap<>();

  private NetworkTensors() {}

  public static Map<String, Entry> unet(Config config) {
    var t = new NetworkTensors();
    var channels = config.integers("block_out_channels");
    int levels = channels.size();
    int layers = config.integer("layers_per_block", 2);
    var depth = config.integers("transformer_layers_per_block", levels, 1);
    int context = config.integer("cross_attention_dim");
    boolean linear = config.bool("use_linear_projection", false);
    var downTypes = config.strings("down_block_types");
    var upTypes = config.strings("up_block_types");
    int first = channels.getFirst();
    int last = channels.getLast();
    int temb = 4 * first;

    t.conv("conv_in", first, config.integer("in_channels"), 3);
    t.linear("time_embedding.linear_1", temb, first);
    t.linear("time_embedding.linear_2", temb, temb);
    for (int i = 0; i < levels; i++) {
      var block = "down_blocks." + i;
      int out = channels.get(i);
      for (int j = 0; j < layers; j++) {
        int in = j > 0 ? out : channels.get(Math.max(0, i - 1));
        t.resnet(block + ".resnets." + j, in, out, temb);
        if (downTypes.get(i).startsWith("CrossAttn")) {
          t.transformer(block + ".attentions." + j, out, context, depth.get(i), linear);
        }
      }
      if (i < levels - 1) {
        t.conv(block + ".downsamplers.0.conv", out, out, 3);
      }
    }
    t.resnet("mid_block.resnets.0", last, last, temb);
    t.transformer("mid_block.attentions.0", last, context, depth.getLast(), linear);
    t.resnet("mid_block.resnets.1", last, last, temb);

    var up = channels.reversed();
    var upDepth = depth.reversed();
    for (int i = 0; i < levels; i++) {
      var block = "up_blocks." + i;
      int out = up.get(i);
      for (int j = 0; j <= layers; j++) {
        int in = j > 0 ? out : up.get(Math.max(0, i - 1));
        int skip = j < layers ? out : up.get(Math.min(i + 1, levels - 1));
        t.resnet(block + ".resnets." + j, in + skip, out, temb);
        if (upTypes.get(i).startsWith("CrossAttn")) {
          t.transformer(block + ".attentions." + j, out, context, upDepth.get(i), linear);
        }
      }
      if (i < levels - 1) {
        t.conv(block + ".upsamplers.0.conv", out, out, 3);
      }
    }
    t.norm("conv_norm_out", first);
    t.conv("conv_out", config.integer("out_channels"), first, 3);
    return t.all();
  }

  public static Map<String, Entry> autoencoder(Config config) {
    var t = new NetworkTensors();
    var channels = config.integers("block_out_channels");
    int layers = config.integer("layers_per_block", 2);
    int latent = config.integer("latent_channels", 4);
    int last = channels.getLast();

    t.conv("encoder.conv_in", channels.getFirst(), config.integer("in_channels", 3), 3);
    for (int i = 0; i < channels.size(); i++) {
      var block = "encoder.down_blocks." + i;
      t.resnets(block, layers, channels.get(Math.max(0, i - 1)), channels.get(i));
      if (i < channels.size() - 1) {
        t.conv(block + ".downsamplers.0.conv", channels.get(i), channels.get(i), 3);
      }
    }
    t.autoencoderMid("encoder.mid_block", last);
    t.norm("encoder.conv_norm_out", last);
    t.conv("encoder.conv_out", 2 * latent, last, 3);
    t.conv("quant_conv", 2 * latent, 2 * latent, 1);

    t.conv("post_quant_conv", latent, latent, 1);
    t.conv("decoder.conv_in", last, latent, 3);
    t.autoencoderMid("decoder.mid_block", last);
    List<Integer> up = channels.reversed();
    for (int i = 0; i < up.size(); i++) {
      var block = "decoder.up_blocks." + i;
      t.resnets(block, layers + 1, up.get(Math.max(0, i - 1)), up.get(i));
      if (i < up.size() - 1) {
        t.conv(block + ".upsamplers.0.conv", up.get(i), up.get(i), 3);
      }
    }
    t.norm("decoder.conv_norm_out", up.getLast());
    t.conv("decoder.conv_out", config.integer("out_channels", 3), up.getLast(), 3);
    return t.all();
  }

  public static Map<String, Entry> textEncoder(Config config) {
    var t = new NetworkTensors();
    int width = config.integer("hidden_size");
    int inner = config.integer("intermediate_size");
    int positions = config.integer("max_position_embeddings");
    var embeddings = "text_model.embeddings.";
    // A constant that published files carry; first, because its elements are the widest.
    t.tensors.put(embeddings + "position_ids", new Entry(Shape.of(1, positions), DType.I64));
    t.put(embeddings + "token_embedding.weight", config.integer("vocab_size"), width);
    t.put(embeddings + "position_embedding.weight", positions, width);
    for (int i = 0; i < config.integer("num_hidden_layers"); i++) {
      var layer = "text_model.encoder.layers." + i;
      t.norm(layer + ".layer_norm1", width);
      for (var projection : List.of("q_proj", "k_proj", "v_proj", "out_proj")) {
        t.linear(layer + ".self_attn." + projection, width, width);
      }
      t.norm(layer + ".layer_norm2", width);
      t.linear(layer + ".mlp.fc1", inner, width);
      t.linear(layer + ".mlp.fc2", width, inner);
    }
    t.norm("text_model.final_layer_norm", width);
    return t.all();
  }

  private void transformer(String path, int channels, int context, int depth, boolean linear) {
    norm(path + ".norm", channels);
    projection(path + ".proj_in", channels, linear);
    for (int k = 0; k < depth; k++) {
      var block = path + ".transformer_blocks." + k;
      norm(block + ".norm1", channels);
      crossAttention(block + ".attn1", channels, channels);
      norm(block + ".norm2", channels);
      crossAttention(block + ".attn2", channels, context);
      norm(block + ".norm3", channels);
      // GEGLU: value and gate in one projection.
      linear(block + ".ff.net.0.proj", 8 * channels, channels);
      linear(block + ".ff.net.2", channels, 4 * channels);
    }
    projection(path + ".proj_out", channels, linear);
  }

  private void projection(String path, int channels, boolean linear) {
    if (linear) {
      linear(path, channels, channels);
    } else {
      conv(path, channels, channels, 1);
    }
  }

  private void crossAttention(String path, int channels, int context) {
    put(path + ".to_q.weight", channels, channels);
    put(path + ".to_k.weight", channels, context);
    put(path + ".to_v.weight", channels, context);
    linear(path + ".to_out.0", channels, channels);
  }

  private void autoencoderMid(String path, int channels) {
    resnet(path + ".resnets.0", channels, channels, 0);
    var attention = path + ".attentions.0";
    norm(attention + ".group_norm", channels);
    for (var projection : List.of("to_q", "to_k", "to_v", "to_out.0")) {
      linear(attention + "." + projection, channels, channels);
    }
    resnet(path + ".resnets.1", channels, channels, 0);
  }

  private void resnets(String block, int layers, int in, int out) {
    for (int j = 0; j < layers; j++) {
      resnet(block + ".resnets." + j, j == 0 ? in : out, out, 0);
    }
  }

  /** {@code temb} 0: a block without a timestep. */
  private void resnet(String path, int in, int out, int temb) {
    norm(path + ".norm1", in);
    conv(path + ".conv1", out, in, 3);
    if (temb > 0) {
      linear(path + ".time_emb_proj", out, temb);
    }
    norm(path + ".norm2", out);
    conv(path + ".conv2", out, out, 3);
    if (in != out) {
      conv(path + ".conv_shortcut", out, in, 1);
    }
  }

  private void conv(String path, int out, int in, int kernel) {
    put(path + ".weight", out, in, kernel, kernel);
    put(path + ".bias", out);
  }

  private void linear(String path, int out, int in) {
    put(path + ".weight", out, in);
    put(path + ".bias", out);
  }

  private void norm(String path, int channels) {
    put(path + ".weight", channels);
    put(path + ".bias", channels);
  }

  private void put(String name, int... dims) {
    tensors.put(name, new Entry(Shape.of(dims), DType.F16));
  }

  private Map<String, Entry> all() {
    return Collections.unmodifiableMap(tensors);
  }
}
