import { z } from 'zod';
import { sees } from '../../access/reach.ts';
import { effectiveConfig } from '../../policy/effective.ts';
import { projectNamed } from '../../reservation/project.ts';
import type { ApiDeps } from './deps.ts';
import { EffectiveConfig, ProjectView, viewOfProject } from './project-views.ts';
import { route, type ApiRoute } from './route.ts';
import { listOf, Text } from './words.ts';

/** For every path below a project. The router lets nobody pass who does not see it. */
export const ByProject = z.strictObject({ project: Text.meta({ description: 'Its name.', examples: ['default'] }) });

export function projectsApi({ policy }: Pick<ApiDeps, 'policy'>): ApiRoute[] {
  return [
    route({
      id: 'listProjects',
      method: 'get',
      path: '/projects',
      permission: 'read',
      reach: 'own',
      summary: 'Projects, as the configuration has them',
      responses: { 200: listOf(ProjectView) },
      handle: async (_input, caller) => {
        const seen = Object.values(policy().projects).filter(({ name }) => sees(caller, name));
        return { status: 200, body: { items: seen.map((project) => viewOfProject(project, policy())), next: null } };
      },
    }),
    route({
      id: 'getProject',
      method: 'get',
      path: '/projects/{project}',
      permission: 'read',
      summary: 'One project with the settings in force',
      params: ByProject,
      responses: { 200: ProjectView },
      handle: async ({ params: { project } }) => ({
        status: 200,
        body: viewOfProject(projectNamed(policy(), project), policy()),
      }),
    }),
    route({
      id: 'getProjectConfig',
      method: 'get',
      path: '/projects/{project}/config',
      permission: 'read',
      summary: 'What holds for its keys, and whether the project said so or the whole house',
      params: ByProject,
      responses: { 200: EffectiveConfig },
      handle: async ({ params }) => {
        const project = projectNamed(policy(), params.project);
        return { status: 200, body: { settings: effectiveConfig({ project }), shared: project.limits } };
      },
    }),
  ];
}
