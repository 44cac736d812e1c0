package org.drag4j.verify;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.drag4j.tensor.DType;
import org.drag4j.tensor.Shape;
import org.drag4j.tensor.WeightSource;
import org.drag4j.weights.ModelException;
import org.drag4j.weights.Safetensors;

/** One file of recorded tensors, in the layouts of the Python tools. */
final class ParityFile implements AutoCloseable {
  private static final String EXTENSION = ".safetensors";
  private static final int MAX_ELEMENTS = 1 << 28;
  private static final ValueLayout.OfFloat F32 =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfDouble F64 =
      ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfShort I16 =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfInt I32 =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong I64 =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final String stem;
  private final Safetensors file;
  private final Set<String> asked = new HashSet<>();

  private ParityFile(String stem, Safetensors file) {
    this.stem = stem;
    this.file = file;
  }

  /**
   * Opens a file of the folder; empty where there is none of that name.
   *
   * @throws ParityException where it is damaged
   */
  static Optional<ParityFile> open(Path folder, String stem) {
    var path = folder.resolve(stem + EXTENSION);
    if (!Files.exists(path)) {
      return Optional.empty();
    }
    try {
      return Optional.of(new ParityFile(stem, Safetensors.open(path)));
    } catch (ModelException e) {
      throw new ParityException(String.valueOf(e.getMessage()), e);
    }
  }

  /** The file's name as people know it. */
  String fileName() {
    return stem + EXTENSION;
  }

  /** The file's name without its ending. */
  String stem() {
    return stem;
  }

  /** The name of a tensor's row. */
  String row(String tensor) {
    return stem + "/" + tensor;
  }

  Set<String> names() {
    return file.names();
  }

  Optional<String> metadata(String key) {
    return Optional.ofNullable(file.metadata().get(key));
  }

  boolean has(String tensor) {
    asked.add(tensor);
    return file.entry(tensor).isPresent();
  }

  /** Tensors nobody has asked for, which therefore were not checked. */
  List<String> unasked() {
    return file.names().stream().filter(n -> !asked.contains(n)).sorted().toList();
  }

  Shape shape(String tensor) {
    return entry(tensor).shape();
  }

  /** Whether the tensor is there with dimensions of at least 1, as many as {@code rank}. */
  boolean hasRank(String tensor, int rank) {
    return has(tensor)
        && shape(tensor).rank() == rank
        && shape(tensor).dims().stream().allMatch(d -> d > 0);
  }

  /** All elements of a tensor of any type. */
  double[] numbers(String tensor) {
    var values = new double[count(tensor)];
    var reader = reader(entry(tensor).dtype());
    try (var arena = Arena.ofConfined()) {
      var data = data(tensor, arena);
      for (int i = 0; i < values.length; i++) {
        values[i] = reader.at(data, i);
      }
    }
    return values;
  }

  /** All elements of a tensor of any type, rounded to float32. */
  float[] floats(String tensor) {
    var numbers = numbers(tensor);
    var values = new float[numbers.length];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) numbers[i];
    }
    return values;
  }

  /**
   * All elements of a tensor of whole numbers.
   *
   * @throws ParityException where it holds others, or larger ones than 32 bits
   */
  int[] ints(String tensor) {
    require(tensor, DType.I32, DType.I64, DType.U8);
    var numbers = numbers(tensor);
    var values = new int[numbers.length];
    for (int i = 0; i < values.length; i++) {
      values[i] = (int) numbers[i];
      if (values[i] != numbers[i]) {
        throw unexpected(tensor, "whole numbers of 32 bits", String.valueOf(numbers[i]));
      }
    }
    return values;
  }

  /**
   * All elements of a tensor of bytes.
   *
   * @throws ParityException where it holds others
   */
  byte[] bytes(String tensor) {
    require(tensor, DType.U8);
    var values = new byte[count(tensor)];
    try (var arena = Arena.ofConfined()) {
      MemorySegment.copy(data(tensor, arena), ValueLayout.JAVA_BYTE, 0, values, 0, values.length);
    }
    return values;
  }

  /** Reads one element. */
  @FunctionalInterface
  private interface Reader {
    double at(MemorySegment data, long i);
  }

  private static Reader reader(DType type) {
    return switch (type) {
      case F32 -> (s, i) -> s.getAtIndex(F32, i);
      case F16 -> (s, i) -> Float.float16ToFloat(s.getAtIndex(I16, i));
      case BF16 -> (s, i) -> Float.intBitsToFloat(s.getAtIndex(I16, i) << 16);
      case F64 -> (s, i) -> s.getAtIndex(F64, i);
      case I32 -> (s, i) -> s.getAtIndex(I32, i);
      case I64 -> (s, i) -> s.getAtIndex(I64, i);
      case U8 -> (s, i) -> s.get(ValueLayout.JAVA_BYTE, i) & 0xff;
    };
  }

  private MemorySegment data(String tensor, Arena arena) {
    try {
      return file.bytes(tensor, arena);
    } catch (ModelException e) {
      throw new ParityException(String.valueOf(e.getMessage()), e);
    }
  }

  private int count(String tensor) {
    long size = entry(tensor).shape().size();
    if (size > MAX_ELEMENTS) {
      throw unexpected(tensor, "at most " + MAX_ELEMENTS + " elements", String.valueOf(size));
    }
    return (int) size;
  }

  private void require(String tensor, DType... types) {
    var type = entry(tensor).dtype();
    if (!List.of(types).contains(type)) {
      throw unexpected(tensor, "elements of " + List.of(types), type.toString());
    }
  }

  private WeightSource.Entry entry(String tensor) {
    return file.entry(tensor).orElseThrow(() -> unexpected(tensor, "such a tensor", "none"));
  }

  ParityException unexpected(String what, String expected, String got) {
    return new ParityException(
        "%s: %s: expected %s, got %s; record it again"
            .formatted(file.origin(), what, expected, got));
  }

  @Override
  public void close() {
    file.close();
  }
}
