// The usual theme of vitepress, with filters over large tables.
import { useRoute } from 'vitepress';
import DefaultTheme from 'vitepress/theme';
import { nextTick, onMounted, watch } from 'vue';
import { addFilters, showTarget } from './filter.ts';
import './style.css';

export default {
  extends: DefaultTheme,
  setup(): void {
    const route = useRoute();
    const look = (): void => {
      void nextTick(() => {
        addFilters(document);
      });
    };
    onMounted(() => {
      look();
      addEventListener('hashchange', () => {
        showTarget(document, location.hash);
      });
    });
    watch(() => route.path, look);
  },
};
