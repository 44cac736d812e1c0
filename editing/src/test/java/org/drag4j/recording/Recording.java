package org.drag4j.recording;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The tensors of one safetensors file among the test resources, as Java arrays. */
public final class Recording {
  private static final Pattern ENTRY =
      Pattern.compile(
          "\"([^\"]+)\"\\s*:\\s*\\{\"dtype\":\\s*\"(\\w+)\",\\s*\"shape\":\\s*\\[[\\d, ]*],"
              + "\\s*\"data_offsets\":\\s*\\[(\\d+),\\s*(\\d+)]");

  private record Entry(String dtype, int from, int to) {}

  private final Map<String, Entry> entries = new TreeMap<>();
  private final ByteBuffer data;

  private Recording(ByteBuffer file) {
    int header = (int) file.getLong(0);
    String json = StandardCharsets.UTF_8.decode(file.slice(8, header)).toString();
    Matcher matcher = ENTRY.matcher(json);
    while (matcher.find()) {
      entries.put(
          matcher.group(1),
          new Entry(
              matcher.group(2),
              Integer.parseInt(matcher.group(3)),
              Integer.parseInt(matcher.group(4))));
    }
    data = file.slice(8 + header, file.capacity() - 8 - header);
  }

  /** Opens a resource of this package. */
  public static Recording of(String name) {
    try (InputStream in = Objects.requireNonNull(Recording.class.getResourceAsStream(name), name)) {
      return new Recording(ByteBuffer.wrap(in.readAllBytes()).order(ByteOrder.LITTLE_ENDIAN));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public boolean has(String name) {
    return entries.containsKey(name);
  }

  public float[] floats(String name) {
    float[] out = new float[bytes(name, "F32").remaining() / Float.BYTES];
    bytes(name, "F32").asFloatBuffer().get(out);
    return out;
  }

  public int[] ints(String name) {
    int[] out = new int[bytes(name, "I32").remaining() / Integer.BYTES];
    bytes(name, "I32").asIntBuffer().get(out);
    return out;
  }

  public byte[] unsigned(String name) {
    ByteBuffer bytes = bytes(name, "U8");
    byte[] out = new byte[bytes.remaining()];
    bytes.get(out);
    return out;
  }

  private ByteBuffer bytes(String name, String dtype) {
    Entry entry = Objects.requireNonNull(entries.get(name), name);
    if (!entry.dtype().equals(dtype)) {
      throw new IllegalArgumentException(name + ": expected " + dtype + ", got " + entry.dtype());
    }
    return data.slice(entry.from(), entry.to() - entry.from()).order(ByteOrder.LITTLE_ENDIAN);
  }
}
