package org.drag4j.cli.command;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.drag4j.cache.AtomicFile;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Results as JSON lines in a file that only grows: what an interrupted run has written counts in
 * the next one, but for a last line that was cut.
 */
public final class ResultLog implements AutoCloseable {
  private static final long MAX_BYTES = 1 << 30;
  private static final JsonMapper MAPPER = new JsonMapper();

  private final Path path;
  private final FileChannel file;
  private final Set<String> done = new HashSet<>();

  private ResultLog(Path path, FileChannel file) {
    this.path = path;
    this.file = file;
  }

  /**
   * Opens or creates it, for one process at a time.
   *
   * @throws IOException where it cannot be read and written, or another process does
   */
  public static ResultLog open(Path path) throws IOException {
    var channel = FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    try {
      return open(path, channel);
    } catch (IOException | RuntimeException e) {
      channel.close();
      throw e;
    }
  }

  private static ResultLog open(Path path, FileChannel channel) throws IOException {
    lock(path, channel);
    if (Files.size(path) > MAX_BYTES) {
      throw new IOException(path + ": expected at most 1 GB, got more; use another folder");
    }
    byte[] bytes = Files.readAllBytes(path);
    int whole = bytes.length;
    while (whole > 0 && bytes[whole - 1] != '\n') {
      whole--;
    }
    var log = new ResultLog(path, channel);
    log.file.truncate(whole);
    log.file.position(whole);
    new String(bytes, 0, whole, StandardCharsets.UTF_8).lines().forEach(log::take);
    return log;
  }

  /** The lock goes with the channel, and with a process that is killed. */
  private static void lock(Path path, FileChannel channel) throws IOException {
    boolean alone;
    try {
      alone = channel.tryLock() != null;
    } catch (OverlappingFileLockException e) {
      alone = false;
    }
    if (!alone) {
      throw new IOException(
          path
              + ": expected one batch at a time, got another at work; wait, or use another folder");
    }
  }

  private void take(String line) {
    var row = row(line);
    if (row.path("ok").asBoolean(false)) {
      done.add(key(row.path("document").asString(""), row.path("hash").asString("")));
    }
  }

  /** A line that is none of ours says nothing about a document. */
  private static JsonNode row(String line) {
    try {
      return MAPPER.readTree(line);
    } catch (JacksonException e) {
      return MAPPER.getNodeFactory().missingNode();
    }
  }

  private static String key(String document, String hash) {
    return hash + " " + document;
  }

  /** Whether a document of that name and content was carried out. */
  boolean isDone(String document, String hash) {
    return done.contains(key(document, hash));
  }

  /** Appends a result and returns its line; it is on the disk before the next one begins. */
  String add(Map<String, Object> row) {
    String line = MAPPER.writeValueAsString(row);
    var bytes = ByteBuffer.wrap((line + "\n").getBytes(StandardCharsets.UTF_8));
    try {
      while (bytes.hasRemaining()) {
        int _ = file.write(bytes);
      }
      file.force(false);
    } catch (IOException e) {
      throw new UncheckedIOException(AtomicFile.named(path, e));
    }
    return line;
  }

  @Override
  public void close() throws IOException {
    file.close();
  }
}
