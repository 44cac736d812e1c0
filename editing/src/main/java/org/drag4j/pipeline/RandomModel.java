package org.drag4j.pipeline;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.channels.ClosedByInterruptException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.drag4j.cache.AtomicFile;
import org.drag4j.tensor.DType;
import org.drag4j.tensor.Shape;
import org.drag4j.tensor.WeightSource.Entry;
import org.drag4j.weights.Config;
import org.drag4j.weights.SafetensorsWriter;

/**
 * Writes a checkpoint of a published model's size with seeded random weights, to measure with when
 * no real one is at hand. The tokenizer is left out: the built-in CLIP vocabulary applies.
 *
 * <p>Matrices and convolutions are normal with variance 1 / fan-in, which keeps activations near
 * one through normalised residual networks; query and key weights are larger, so that attention
 * prefers some tokens. The same seed gives the same bytes, whatever the number of threads.
 */
public final class RandomModel {
  /** Each of query and key is this much larger: attention logits have a deviation of about 4. */
  private static final float QUERY_KEY_GAIN = 2f;

  private static final float BIAS = 0.02f;
  private static final float NORM_SCALE = 0.1f;
  private static final float NORM_BIAS = 0.05f;
  private static final float TOKEN_EMBEDDING = 1f;
  private static final float POSITION_EMBEDDING = 0.3f;

  private static final List<String> FILES =
      List.of(
          "model_index.json",
          "scheduler/scheduler_config.json",
          "text_encoder/config.json",
          "unet/config.json",
          "vae/config.json");

  private static final ValueLayout.OfLong LONGS =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final int PER_LONG = 4;
  private static final int CHUNK = 1 << 18;
  private static final long GOLDEN = 0x9e3779b97f4a7c15L;

  /** The published model whose configuration is used. */
  public enum Like {
    /** Stable Diffusion 1.5: 1.07 billion parameters, 2.1 GB. */
    SD15,
    /** Stable Diffusion 2.1 at 768 pixels: 1.29 billion parameters, 2.6 GB. */
    SD21;

    /** The published configuration of one part: {@code unet}, {@code vae}, {@code text_encoder}. */
    public Config config(String component) throws IOException {
      var name = component + "/config.json";
      return Config.read(name, new ByteArrayInputStream(file(name)));
    }

    byte[] file(String name) throws IOException {
      var resource = name().toLowerCase(Locale.ROOT) + "/" + name;
      try (var in = RandomModel.class.getResourceAsStream(resource)) {
        if (in == null) {
          throw new IOException("resource " + resource + ": expected in the jar, got nothing");
        }
        return in.readAllBytes();
      }
    }
  }

  /** Told after every tensor how many bytes of how many are written. */
  @FunctionalInterface
  public interface Progress {
    /** {@code component} is the folder being written. */
    void written(String component, long bytes, long total);
  }

  /** Where a published file of the model comes from. */
  @FunctionalInterface
  interface Source {
    byte[] file(String name) throws IOException;
  }

  private record Network(String folder, String weights, Map<String, Entry> tensors) {
    long bytes() {
      return tensors.values().stream().mapToLong(RandomModel::bytes).sum();
    }
  }

  private final long seed;
  private final Progress progress;
  private final long total;
  private long written;

  private RandomModel(long seed, Progress progress, long total) {
    this.seed = seed;
    this.progress = progress;
    this.total = total;
  }

  /**
   * Writes the model. The folder appears when it is complete; on any failure nothing is left.
   *
   * @param out a folder that does not exist or is empty
   * @throws IOException where the folder holds something, or the disk is full
   * @throws InterruptedException where the thread is interrupted; checked between tensors
   */
  public static void write(Like like, long seed, Path out, Progress progress)
      throws IOException, InterruptedException {
    write(like::file, seed, out, progress);
  }

  static void write(Source source, long seed, Path out, Progress progress)
      throws IOException, InterruptedException {
    var files = new LinkedHashMap<String, byte[]>();
    for (var name : FILES) {
      files.put(name, source.file(name));
    }
    var networks =
        List.of(
            new Network(
                "text_encoder",
                "model.safetensors",
                RequiredTensors.textEncoder(config(files, "text_encoder/config.json"))),
            new Network(
                "unet",
                "diffusion_pytorch_model.safetensors",
                RequiredTensors.unet(config(files, "unet/config.json"))),
            new Network(
                "vae",
                "diffusion_pytorch_model.safetensors",
                RequiredTensors.autoencoder(config(files, "vae/config.json"))));

    var target = out.toAbsolutePath().normalize();
    long total = networks.stream().mapToLong(Network::bytes).sum();
    var temporary = prepare(target, total);
    try {
      for (var file : files.entrySet()) {
        var path = temporary.resolve(file.getKey());
        Files.createDirectories(path.resolveSibling("."));
        Files.write(path, file.getValue());
      }
      var model = new RandomModel(seed, progress, total);
      for (var network : networks) {
        model.write(network, temporary);
      }
      Files.deleteIfExists(target);
      Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
    } catch (ClosedByInterruptException e) {
      var interrupted = new InterruptedException(target + ": writing was interrupted");
      interrupted.initCause(e);
      throw interrupted;
    } catch (IOException e) {
      throw AtomicFile.named(target, e);
    } finally {
      delete(temporary);
    }
  }

  private static Config config(Map<String, byte[]> files, String name) {
    return Config.read(name, new ByteArrayInputStream(files.getOrDefault(name, new byte[0])));
  }

  private static Path prepare(Path target, long total) throws IOException {
    var parent = target.getParent();
    var name = target.getFileName();
    if (parent == null || name == null) {
      throw new IOException(target + ": expected a folder to create, got a root; name another");
    }
    if (Files.exists(target) && !empty(target)) {
      throw new FileAlreadyExistsException(
          target + ": expected a new or empty folder, got one with content; name another");
    }
    Files.createDirectories(parent);
    long free = Files.getFileStore(parent).getUsableSpace();
    if (free < total) {
      throw new IOException(
          "%s: expected %.1f GB of free space, got %.1f GB; name a folder on another disk"
              .formatted(target, total / 1e9, free / 1e9));
    }
    return Files.createDirectory(
        parent.resolve(String.format(Locale.ROOT, ".%s.%x.tmp", name, System.nanoTime())));
  }

  private static boolean empty(Path target) throws IOException {
    if (!Files.isDirectory(target)) {
      return false;
    }
    try (Stream<Path> files = Files.list(target)) {
      return files.findAny().isEmpty();
    }
  }

  private static void delete(Path folder) throws IOException {
    if (!Files.exists(folder)) {
      return;
    }
    List<Path> all;
    try (Stream<Path> files = Files.walk(folder)) {
      all = files.sorted(Comparator.reverseOrder()).toList();
    }
    for (var file : all) {
      Files.deleteIfExists(file);
    }
  }

  private void write(Network network, Path folder) throws IOException, InterruptedException {
    var file = folder.resolve(network.folder()).resolve(network.weights());
    long largest =
        network.tensors().values().stream().mapToLong(RandomModel::bytes).max().orElse(0);
    try (var arena = Arena.ofShared();
        var writer = SafetensorsWriter.create(file, network.tensors(), Map.of("format", "pt"))) {
      // Filled in longs, so with room for the last one.
      var buffer = arena.allocate(largest + Long.BYTES, Long.BYTES);
      for (var tensor : network.tensors().entrySet()) {
        if (Thread.interrupted()) {
          throw new InterruptedException(file + ": writing was interrupted");
        }
        var name = tensor.getKey();
        fill(network.folder() + "/" + name, tensor.getValue(), buffer);
        long bytes = bytes(tensor.getValue());
        writer.write(name, buffer.asSlice(0, bytes));
        written += bytes;
        progress.written(network.folder(), written, total);
      }
      writer.finish();
    }
  }

  private static long bytes(Entry entry) {
    return entry.shape().size() * entry.dtype().bytes();
  }

  private void fill(String path, Entry entry, MemorySegment out) {
    if (entry.dtype() == DType.I64) {
      for (long i = 0; i < entry.shape().size(); i++) {
        out.set(LONGS, i * Long.BYTES, i);
      }
      return;
    }
    float mean = path.endsWith(".weight") && entry.shape().rank() == 1 ? 1f : 0f;
    float deviation = deviation(path, entry.shape());
    long stream = mix(seed + GOLDEN * mix(hash(path)));
    long longs = Math.ceilDiv(entry.shape().size(), PER_LONG);
    int chunks = Math.toIntExact(Math.ceilDiv(longs, CHUNK));
    float[] normal = Normal.QUANTILES;
    IntStream.range(0, chunks)
        .parallel()
        .forEach(chunk -> {
          long from = (long) chunk * CHUNK;
          int count = (int) Math.min(CHUNK, longs - from);
          var part = out.asSlice(from * Long.BYTES, (long) count * Long.BYTES);
          for (int i = 0; i < count; i++) {
            long bits = mix(stream + (from + i + 1) * GOLDEN);
            long a = half(mean + deviation * normal[(int) bits & 0xffff]);
            long b = half(mean + deviation * normal[(int) (bits >>> 16) & 0xffff]);
            long c = half(mean + deviation * normal[(int) (bits >>> 32) & 0xffff]);
            long d = half(mean + deviation * normal[(int) (bits >>> 48)]);
            part.set(LONGS, (long) i * Long.BYTES, a | b << 16 | c << 32 | d << 48);
          }
        });
  }

  private static float deviation(String path, Shape shape) {
    boolean norm = path.contains("norm");
    if (shape.rank() == 1) {
      return !norm ? BIAS : path.endsWith(".weight") ? NORM_SCALE : NORM_BIAS;
    }
    if (path.endsWith("token_embedding.weight")) {
      return TOKEN_EMBEDDING;
    }
    if (path.endsWith("position_embedding.weight")) {
      return POSITION_EMBEDDING;
    }
    double fanIn = (double) shape.size() / shape.dim(0);
    boolean queryOrKey = path.matches(".*\\.(to_q|to_k|q_proj|k_proj)\\.weight");
    return (queryOrKey ? QUERY_KEY_GAIN : 1f) / (float) Math.sqrt(fanIn);
  }

  private static long half(float value) {
    return Float.floatToFloat16(value) & 0xffffL;
  }

  /** Steele, Lea, Flood: Fast splittable pseudorandom number generators (2014), variant 13. */
  private static long mix(long z) {
    z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
    z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
    return z ^ (z >>> 31);
  }

  /** FNV-1a, so that a tensor's numbers depend on its name and not on its place. */
  private static long hash(String path) {
    long h = 0xcbf29ce484222325L;
    for (byte b : path.getBytes(StandardCharsets.UTF_8)) {
      h = (h ^ b) * 0x100000001b3L;
    }
    return h;
  }

  /** 65,536 equally likely values of a standard normal variable: 16 random bits draw one. */
  static final class Normal {
    static final float[] QUANTILES = quantiles(1 << 16);

    private Normal() {}

    // The quantile function solves z' = sqrt(2 pi) exp(z^2 / 2), z(1/2) = 0: Runge-Kutta steps from
    // the middle outwards, small ones because the slope reaches 1e4 at the end. StrictMath gives
    // the same table everywhere.
    private static float[] quantiles(int n) {
      int substeps = 8;
      double h = 1.0 / n / substeps;
      double[] z = new double[n / 2];
      double x = 0;
      double squares = 0;
      for (int k = 0; k < z.length; k++) {
        // The first value lies half a step from the middle.
        for (int s = 0; s < (k == 0 ? substeps / 2 : substeps); s++) {
          double k1 = slope(x);
          double k2 = slope(x + h / 2 * k1);
          double k3 = slope(x + h / 2 * k2);
          double k4 = slope(x + h * k3);
          x += h / 6 * (k1 + 2 * k2 + 2 * k3 + k4);
        }
        z[k] = x;
        squares += 2 * x * x;
      }
      double unit = 1 / Math.sqrt(squares / n);
      float[] table = new float[n];
      for (int k = 0; k < z.length; k++) {
        table[n / 2 + k] = (float) (z[k] * unit);
        table[n / 2 - 1 - k] = -table[n / 2 + k];
      }
      return table;
    }

    private static double slope(double z) {
      return Math.sqrt(2 * Math.PI) * StrictMath.exp(z * z / 2);
    }
  }
}
