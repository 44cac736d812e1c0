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
import java.util.Map;
import org.drag4j.cache.AtomicFile;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/**
 * Results as JSON lines in a file that only grows. A last line that an interrupted run has cut is
 * taken away.
 */
public final class ResultLog implements AutoCloseable {
  private static final long MAX_BYTES = 1 << 30;
  private static final String BEGIN = "{\"document\":";
  private static final JsonMapper MAPPER = new JsonMapper();

  private final Path path;
  private final FileChannel file;

  private ResultLog(Path path, FileChannel file) {
    this.path = path;
    this.file = file;
  }

  /**
   * Opens or creates it, for one process at a time.
   *
   * @param replace whether a file that is no such log may be replaced
   * @throws IOException where it cannot be read and written, another process does, or it is a file
   *     of another kind
   */
  public static ResultLog open(Path path, boolean replace) throws IOException {
    var channel = FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    try {
      return open(path, channel, replace);
    } catch (IOException | RuntimeException e) {
      channel.close();
      throw e;
    }
  }

  private static ResultLog open(Path path, FileChannel channel, boolean replace)
      throws IOException {
    lock(path, channel);
    if (Files.size(path) > MAX_BYTES) {
      throw new IOException(path + ": expected at most 1 GB, got more; use another folder");
    }
    byte[] bytes = Files.readAllBytes(path);
    int whole = bytes.length;
    while (whole > 0 && bytes[whole - 1] != '\n') {
      whole--;
    }
    if (!isLog(bytes, whole)) {
      if (!replace) {
        throw new IOException(
            path
                + ": expected results of a batch, got a file of another kind; use another folder,"
                + " or replace it with --overwrite");
      }
      whole = 0;
    }
    var log = new ResultLog(path, channel);
    log.file.truncate(whole);
    log.file.position(whole);
    return log;
  }

  /** Whether all lines are results, and what is behind the last of them begins as one. */
  private static boolean isLog(byte[] bytes, int whole) {
    var last = new String(bytes, whole, bytes.length - whole, StandardCharsets.UTF_8);
    return BEGIN.startsWith(last.substring(0, Math.min(last.length(), BEGIN.length())))
        && new String(bytes, 0, whole, StandardCharsets.UTF_8).lines().allMatch(ResultLog::isRow);
  }

  private static boolean isRow(String line) {
    try {
      var row = MAPPER.readTree(line);
      return row.has("document") && row.has("ok");
    } catch (JacksonException e) {
      return false;
    }
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
