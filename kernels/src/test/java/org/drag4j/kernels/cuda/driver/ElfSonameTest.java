package org.drag4j.kernels.cuda.driver;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.drag4j.device.DeviceException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** On the libraries of JCuda's jars, as Maven Central has them. */
class ElfSonameTest {
  private static final byte[] JCUBLAS = JCudaNatives.packaged("JCublas2");
  private static final byte[] JCUDNN = JCudaNatives.packaged("JCudnn-11.7.0");

  @Test
  void namesAndHashesOfVersionsChangeAndNothingElse() {
    check(JCUBLAS, "libcublas.so.12", "libcublas.so.13");
    check(JCUDNN, "libcudnn.so.8", "libcudnn.so.9");
  }

  private static void check(byte[] library, String from, String to) {
    var renamed = ElfSoname.renamed(library, from, to);
    assertTrue(ElfSoname.needed(library).contains(from));
    assertFalse(ElfSoname.needed(renamed).contains(from));
    assertTrue(ElfSoname.needed(renamed).contains(to));
    var expected = ElfSoname.needed(library).stream().map(n -> n.equals(from) ? to : n).toList();
    assertEquals(expected, ElfSoname.needed(renamed));
    var hashes = new ArrayList<>(ElfSoname.versionHashes(library));
    assertTrue(hashes.contains(ElfSoname.hash(from)));
    hashes.replaceAll(h -> h == ElfSoname.hash(from) ? ElfSoname.hash(to) : h);
    assertEquals(hashes, ElfSoname.versionHashes(renamed));
    int changed = 0;
    for (int i = 0; i < library.length; i++) {
      changed += library[i] == renamed[i] ? 0 : 1;
    }
    // One byte of one or two copies of the name, and the hash.
    assertTrue(changed >= 2 && changed <= 6, "changed " + changed);
    assertEquals(
        List.of(library.length, from), List.of(ElfSoname.renamed(renamed, to, from).length, from));
  }

  @Test
  void theDynamicLoaderTakesTheRenamedLibraries(@TempDir Path folder) throws IOException {
    load(folder, JCUBLAS, "libcublas.so.12", "libcublas.so.13");
    load(folder, JCUDNN, "libcudnn.so.8", "libcudnn.so.9");
  }

  /** Loads a library against another that has nothing but the soname and its version node. */
  private static void load(Path folder, byte[] library, String from, String to) throws IOException {
    var script = Files.writeString(folder.resolve(to + ".map"), to + " { global: *; };\n");
    Gcc.library(
        folder, to, to, "int drag4j_standin(void) { return 1; }", "-Wl,--version-script=" + script);
    var renamed = folder.resolve("renamed-" + to);
    Files.write(renamed, ElfSoname.renamed(library, from, to));
    var main =
        Gcc.program(
            folder,
            "loads-" + to,
            """
            #include <dlfcn.h>
            #include <stdio.h>
            int main(int n, char **v) {
              for (int i = 1; i < n; i++) if (!dlopen(v[i], RTLD_LAZY)) { puts(dlerror()); return 1; }
              puts("loaded");
              return 0;
            }
            """,
            "-ldl");
    var original = folder.resolve("original-" + to);
    Files.write(original, library);
    var standIn = folder.resolve(to).toString();
    assertEquals("loaded\n", Gcc.output(List.of(main.toString(), standIn, renamed.toString())));
    assertTrue(Gcc.output(List.of(main.toString(), standIn, original.toString())).contains(from));
  }

  @Test
  void otherLengthsNamesAndFilesAreRefused() {
    assertThrows(
        DeviceException.class,
        () -> ElfSoname.renamed(JCUBLAS, "libcublas.so.12", "libcublas.so.130"));
    var none =
        assertThrows(
            DeviceException.class,
            () -> ElfSoname.renamed(JCUBLAS, "libcublas.so.11", "libcublas.so.13"));
    assertTrue(String.valueOf(none.getMessage()).contains("expected it to need libcublas.so.11"));
    assertThrows(DeviceException.class, () -> ElfSoname.needed(new byte[0]));
    assertThrows(DeviceException.class, () -> ElfSoname.needed(new byte[4096]));
  }

  @Test
  void damagedFilesAreRefusedAndNeverReadBeyond() {
    var random = new Random(3);
    int refused = 0;
    for (int round = 0; round < 2000; round++) {
      var damaged = JCUDNN.clone();
      for (int i = 0; i < 4; i++) {
        damaged[random.nextInt(0x400)] = (byte) random.nextInt();
      }
      try {
        ElfSoname.renamed(damaged, "libcudnn.so.8", "libcudnn.so.9");
      } catch (DeviceException _) {
        refused++;
      }
    }
    for (int length = 0; length < JCUDNN.length; length += 4001) {
      var cut = Arrays.copyOf(JCUDNN, length);
      try {
        ElfSoname.renamed(cut, "libcudnn.so.8", "libcudnn.so.9");
      } catch (DeviceException _) {
        refused++;
      }
    }
    assertTrue(refused > 100, "refused " + refused);
  }
}
